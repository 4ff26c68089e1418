-- SPDX-License-Identifier: Apache-2.0
-- Clients that prove themselves by keys and certificates, and how their tokens are bound.

alter table client add column profile text; -- null: the realm's
alter table client add column auth text not null default 'client_secret'
    check (auth in ('client_secret', 'private_key_jwt', 'tls_client_auth',
                    'self_signed_tls_client_auth'));
alter table client add column bind text not null default 'none'
    check (bind in ('none', 'dpop', 'mtls'));

-- What a client's proofs are checked against. The value is public: a JWK set, its address, a
-- certificate in PEM, or the name that a certificate must bear.
create table client_key (
    id text primary key,
    realm text not null,
    client text not null,
    kind text not null check (kind in ('jwks', 'jwks_uri', 'certificate', 'tls_subject',
                                       'tls_san_dns')),
    value text not null,
    created_at_s bigint not null,
    revoked_at_s bigint,
    foreign key (realm, client) references client (realm, id)
);
create index client_key_by_client on client_key (realm, client);

-- Where the private half of a signing key is, as an RFC 7512 URI; null: here, sealed, or destroyed.
alter table signing_key add column reference text;

-- Who may introspect an API's tokens: the clients that are its resource servers.
create table api_introspector (
    realm text not null,
    api text not null,
    client text not null,
    created_at_s bigint not null,
    primary key (realm, api, client),
    foreign key (realm, api) references api (realm, name),
    foreign key (realm, client) references client (realm, id)
);
create index api_introspector_by_client on api_introspector (realm, client);

-- Whose token it is that is denied; null where that is not known.
alter table denial add column client text;
create index denial_by_client on denial (realm, client);

-- How often requests may be made under an agreement: so many in a window of 1, 60 or 3600 seconds.
alter table agreement add column rate_count bigint;    -- null: no limit
alter table agreement add column rate_window_s bigint; -- null: no limit

-- A link, opened once, by which a client is handed a secret. The secret is made at that moment, so
-- that nothing of it is here before; a row of credential of the same id comes then.
create table handover (
    id text primary key,       -- of the secret
    realm text not null,
    client text not null,
    digest bytea not null,     -- SHA-256 of the link's token
    created_at_s bigint not null,
    until_s bigint not null,   -- it opens nothing from then on
    expires_at_s bigint,       -- of the secret; null: no end
    opened_at_s bigint,
    revoked_at_s bigint,
    unique (digest),
    foreign key (realm, client) references client (realm, id)
);
create index handover_by_client on handover (realm, client);
create index credential_by_end on credential (expires_at_s);

-- How long a signing key signs before the next one takes over by itself. Null: until told.
alter table realm add column key_life_s bigint;

-- What an agreement narrows its API to, space-separated; null: not narrowed. Written with the
-- request and never again, so that what was approved is what is in force.
alter table agreement add column document_types text; -- SNOMED CT codes
alter table agreement add column organisations text;  -- ODS codes
