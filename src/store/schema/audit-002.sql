-- SPDX-License-Identifier: Apache-2.0
-- What may be used once: it stands beside the audit, so that spending it and recording what came of
-- it are one transaction.

create table single_use (
    kind text not null,            -- 'assertion', 'dpop', 'exchange'
    digest bytea not null,         -- SHA-256 of realm, client and id, see audit/single_use.h
    expires_at_s bigint not null,  -- from then on nothing accepts it, and the row may go
    primary key (kind, digest)
);
create index single_use_by_end on single_use (expires_at_s);
