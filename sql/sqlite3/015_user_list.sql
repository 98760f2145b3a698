-- mod_usermgmt, SQLite, step 015: listing and searching accounts, and members of groups.
-- Columns and indexes are explained in sql/pgsql/015_user_list.sql. The index of e-mail addresses there is since step
-- 001: it contains the id, which is the key of the table.

create index um_users_created_at on um_users (created_at, id);

create index um_users_staff_created on um_users (created_at, id) where is_staff = 1;
create index um_users_staff_username on um_users (username_key, id) where is_staff = 1;
create index um_users_staff_email on um_users (email_key, id) where is_staff = 1;
create index um_users_off_created on um_users (created_at, id) where is_active <> 1;
create index um_users_off_username on um_users (username_key, id) where is_active <> 1;
create index um_users_off_email on um_users (email_key, id) where is_active <> 1;

alter table um_users add column first_name_key text;
alter table um_users add column last_name_key text;
create index um_users_first_name on um_users (first_name_key, id) where first_name_key <> '';
create index um_users_last_name on um_users (last_name_key, id) where last_name_key <> '';
create index um_users_no_name_key on um_users (id) where first_name_key is null;

create index um_memberships_group on um_memberships (group_id, user_id);
drop index um_memberships_group_id;

insert into um_schema (step, name, applied_at)
    values (15, '015_user_list', cast(strftime('%s', 'now') as integer));
