-- mod_usermgmt, SQLite, step 011: the table of one-time tokens gets their name.
-- Older modules do not work with this step, because SQLite cannot write to a view of the former name.

drop trigger um_users_deleted;
alter table um_tickets rename to um_one_time_tokens;

drop index um_tickets_user_id;
create index um_one_time_tokens_user_id on um_one_time_tokens (user_id, kind, created_at);
drop index um_tickets_expires_at;
create index um_one_time_tokens_expires_at on um_one_time_tokens (expires_at);

-- As in step 008, with the new name.
create trigger um_users_deleted after delete on um_users
begin
    delete from um_sessions where user_id = old.id;
    delete from um_one_time_tokens where user_id = old.id;
    delete from um_memberships where user_id = old.id;
end;

insert into um_schema (step, name, applied_at, works_from)
    values (11, '011_one_time_tokens', cast(strftime('%s', 'now') as integer), 11);
