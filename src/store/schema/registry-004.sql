-- SPDX-License-Identifier: Apache-2.0
-- Keys that Caregate made in a security module, so that their private halves are its to destroy.
alter table signing_key add column is_made_there bigint not null default 0;

-- Those with which nothing is signed any more, until they are destroyed in their module.
create table key_debris (
    reference text primary key,
    realm text not null,
    kid text not null
);
