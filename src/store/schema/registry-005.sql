-- SPDX-License-Identifier: Apache-2.0
-- SMART scopes are the same words at every API; each other scope still belongs to one of a realm.
-- Position keeps the order in which they were declared.
create table api_scope_shared (
    realm text not null,
    scope text not null,
    api text not null,
    position bigint not null,
    is_shared bigint not null check (is_shared in (0, 1)),
    primary key (realm, api, scope),
    foreign key (realm, api) references api (realm, name)
);
insert into api_scope_shared (realm, scope, api, position, is_shared)
select realm, scope, api, position,
    case when substr(scope, 1, 7) = 'system/' or substr(scope, 1, 8) = 'patient/'
        or substr(scope, 1, 5) = 'user/' then 1 else 0 end
from api_scope;
drop table api_scope;
alter table api_scope_shared rename to api_scope;
create index api_scope_by_api on api_scope (realm, api, position);
create unique index api_scope_owner on api_scope (realm, scope) where is_shared = 0;
