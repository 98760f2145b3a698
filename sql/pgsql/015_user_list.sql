-- mod_usermgmt, PostgreSQL, step 015: listing and searching accounts, and members of groups.
-- Apply with:  psql -1 -v ON_ERROR_STOP=1 -f 015_user_list.sql DATABASE

-- Each order and each search of a list reads a range of one index, a page at a time. Keys are compared byte for byte
-- (collation C), as SQLite does; equal keys stay equal. The column is not rewritten. Its index is made before, because
-- PostgreSQL would make it again under a lock that nobody can read beside.
-- concurrently:
create unique index if not exists um_users_username_new on um_users (username_key collate "C");
alter table um_users drop constraint if exists um_users_username_key_key;
alter table um_users alter column username_key type text collate "C";
alter index um_users_username_new rename to um_users_username_key_key;
alter table um_users add constraint um_users_username_key_key unique using index um_users_username_key_key;
-- concurrently:
create index if not exists um_users_email_order on um_users (email_key collate "C", id);
-- concurrently:
create index if not exists um_users_created_at on um_users (created_at, id);

-- The few accounts for which administrators look most. Other accounts have no entry in these indexes. Their keys are
-- expressions, which no other index has: PostgreSQL would read an index of all accounts to find the few in both.
-- concurrently:
create index if not exists um_users_staff_created on um_users ((created_at + 0), id) where is_staff = 1;
-- concurrently:
create index if not exists um_users_staff_username on um_users ((username_key || ''), id) where is_staff = 1;
-- concurrently:
create index if not exists um_users_staff_email on um_users ((email_key || '') collate "C", id) where is_staff = 1;
-- concurrently:
create index if not exists um_users_off_created on um_users ((created_at + 0), id) where is_active <> 1;
-- concurrently:
create index if not exists um_users_off_username on um_users ((username_key || ''), id) where is_active <> 1;
-- concurrently:
create index if not exists um_users_off_email on um_users ((email_key || '') collate "C", id) where is_active <> 1;

-- Names in the form in which user names are compared. SQL cannot make these keys: "usermgmt schema upgrade" makes them,
-- and each process makes some at its start, also for rows that an older version has inserted beside a newer one. null:
-- not made yet.
alter table um_users add column if not exists first_name_key text collate "C";
alter table um_users add column if not exists last_name_key text collate "C";
-- concurrently:
create index if not exists um_users_first_name on um_users (first_name_key, id) where first_name_key <> '';
-- concurrently:
create index if not exists um_users_last_name on um_users (last_name_key, id) where last_name_key <> '';
-- concurrently:
create index if not exists um_users_no_name_key on um_users (id) where first_name_key is null;

-- The members of a group in order, in place of the index of the group alone.
-- concurrently:
create index if not exists um_memberships_group on um_memberships (group_id, user_id);
drop index um_memberships_group_id;

insert into um_schema (step, name, applied_at) values (15, '015_user_list', extract(epoch from now())::bigint);
