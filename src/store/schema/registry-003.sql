-- SPDX-License-Identifier: Apache-2.0
-- Providers whose ID tokens tell who a person is, and the clients that may exchange them; limits of
-- agreements below what was agreed.

-- A rate below the agreed one, set without asking anybody anew; null: as agreed.
alter table agreement add column limit_count bigint;
alter table agreement add column limit_window_s bigint;

create table upstream (
    realm text not null references realm (path),
    name text not null,        -- begins each subject of its people: never another issuer's
    id text not null,          -- made anew whenever something of the row changes
    kind text not null check (kind in ('nhs-login', 'cis2', 'oidc')),
    issuer text not null,      -- as its ID tokens have it, byte for byte
    alg text not null,
    levels text not null,      -- accepted ones, space-separated; empty: any
    jwks text,                 -- its public keys, or
    jwks_uri text,             -- where they are
    created_at_s bigint not null,
    retired_at_s bigint,
    primary key (realm, name),
    check ((jwks is null) <> (jwks_uri is null))
);
-- An issuer is one provider of a realm at a time.
create unique index upstream_by_issuer on upstream (realm, issuer) where retired_at_s is null;

-- The ids by which a provider knows a client: its ID tokens for that client name one as audience.
create table client_upstream (
    realm text not null,
    client text not null,
    upstream text not null,
    audience text not null,
    created_at_s bigint not null,
    primary key (realm, upstream, audience),
    foreign key (realm, client) references client (realm, id),
    foreign key (realm, upstream) references upstream (realm, name)
);
create index client_upstream_by_client on client_upstream (realm, client);
