-- SPDX-License-Identifier: Apache-2.0
-- The registry. Times are integer seconds since 1970 in UTC. Absent ends are null. One text for all
-- engines.

create table setting (
    name text primary key,
    value text not null
);

-- What changed when: gates and issuers compare these numbers instead of reading everything. One
-- row.
create table version (
    id integer primary key check (id = 1),
    registry bigint not null,  -- any change but the denial of a token
    keys bigint not null,      -- change of a signing key: caches of verified tokens are flushed
    denylist bigint not null   -- new denial
);
insert into version (id, registry, keys, denylist) values (1, 1, 1, 1);

create table realm (
    path text primary key,
    profile text not null check (profile in ('documented', 'smart', 'nhs', 'fapi2')),
    token_life_s bigint not null,
    longest_life_s bigint not null, -- the longest that a token of it was given; never shrinks
    alg text not null,
    typ text not null check (typ in ('JWT', 'at+jwt')),
    token_response text not null check (token_response in ('documented', 'rfc')),
    created_at_s bigint not null
);

create table organisation (
    realm text not null references realm (path),
    ods text not null,
    name text not null,
    created_at_s bigint not null,
    primary key (realm, ods)
);

create table api (
    realm text not null references realm (path),
    name text not null,
    audience text not null,
    approvals_wanted bigint not null,
    token_life_s bigint,       -- null: the realm's
    retired_at_s bigint,
    created_at_s bigint not null,
    primary key (realm, name),
    unique (realm, audience)
);

-- A scope belongs to one API of a realm. Position keeps the order in which they were declared.
create table api_scope (
    realm text not null,
    scope text not null,
    api text not null,
    position bigint not null,
    primary key (realm, scope),
    foreign key (realm, api) references api (realm, name)
);
create index api_scope_by_api on api_scope (realm, api, position);

create table client (
    realm text not null references realm (path),
    id text not null,
    organisation text not null,
    name text not null,
    grants text not null,      -- space-separated grant types
    state text not null check (state in ('active', 'suspended', 'retired')),
    epoch bigint not null,     -- suspension counter, carried by tokens
    token_life_s bigint,       -- null: the API's or the realm's
    token_response text,       -- null: the realm's
    created_at_s bigint not null,
    primary key (realm, id),
    foreign key (realm, organisation) references organisation (realm, ods)
);

create table credential (
    id text primary key,
    realm text not null,
    client text not null,
    kind text not null check (kind in ('secret')),
    digest bytea not null,     -- SHA-256 of the secret
    created_at_s bigint not null,
    expires_at_s bigint,
    revoked_at_s bigint,
    last_used_at_s bigint,
    foreign key (realm, client) references client (realm, id)
);
create index credential_by_client on credential (realm, client);

create table agreement (
    id text primary key,
    realm text not null,
    client text not null,
    api text not null,
    scope text not null,       -- space-separated
    purpose text not null,     -- a code of the list
    purpose_text text,
    state text not null check (state in ('requested', 'approved', 'refused', 'withdrawn')),
    approvals_wanted bigint not null,
    from_s bigint not null,
    until_s bigint,            -- null: no end
    requested_at_s bigint not null,
    decided_at_s bigint,
    foreign key (realm, client) references client (realm, id),
    foreign key (realm, api) references api (realm, name)
);
create index agreement_by_client on agreement (realm, client);

-- Who said what of an agreement. One person approves once.
create table agreement_decision (
    agreement text not null references agreement (id),
    who text not null,
    decision text not null check (decision in ('approve', 'refuse', 'withdraw')),
    why text,
    at_s bigint not null,
    primary key (agreement, who, decision)
);

-- A key signs from sign_from_s until the next one does, is published from publish_from_s until
-- retain_until_s.
create table signing_key (
    kid text primary key,
    realm text not null,       -- a realm's path, or 'audit' for the key that signs checkpoints
    alg text not null,
    sealed bytea not null,     -- PKCS #8; associated data: realm, a zero byte, kid
    public_jwk text not null,
    publish_from_s bigint not null,
    sign_from_s bigint not null,
    retain_until_s bigint,     -- null: no successor yet
    created_at_s bigint not null
);
create index signing_key_by_realm on signing_key (realm, sign_from_s);

create table denial (
    realm text not null,
    kind text not null check (kind in ('token', 'agreement', 'client')),
    subject text not null,
    epoch bigint not null,     -- clients: tokens of a lesser epoch are denied
    denied_at_s bigint not null,
    expires_at_s bigint not null,
    primary key (realm, kind, subject)
);
create index denial_by_end on denial (expires_at_s);
