-- SPDX-License-Identifier: Apache-2.0
-- The audit: append-only. Each writer has a hash chain of its own; signed checkpoints tie the heads
-- of all chains together.

create table audit_writer (
    writer text primary key,
    number bigint not null,    -- of the last record
    hash bytea not null        -- of the last record
);

create table audit_record (
    writer text not null,
    number bigint not null,    -- 1, 2, 3, ... without gaps
    time_s bigint not null,
    record text not null,      -- the event as JSON, exactly the bytes that were hashed
    hash bytea not null,       -- SHA-256 of the hash before it and the record
    primary key (writer, number)
);
create index audit_record_by_time on audit_record (time_s);

create table audit_checkpoint (
    number bigint primary key,
    time_s bigint not null,
    payload text not null,     -- JSON, see audit/checkpoint.h
    kid text not null,
    signature bytea not null
);
