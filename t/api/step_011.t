#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A module of before step 011 uses the table of one-time tokens by its old name: what it asks of PostgreSQL works on.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmServer;

plan(skip_all => 'SQLite cannot write to a view') if UmTest::database() ne 'pgsql';

my ($before, $after) = map { [sort glob UmTest::sources() . "/sql/pgsql/$_"] } '00*.sql', '01*.sql';
push @$before, shift @$after while @$after && $after->[0] !~ /011_/;
my $database = new_database(is_empty => 1);
my ($name) = $database->{params} =~ /dbname=(\w+)/;
my ($web, $other) = ("web_$name", "other_$name");
my @psql = (UmTest::setting('PGBIN') . '/psql', qw(-Xq1At -v ON_ERROR_STOP=1 -h), UmTest::pg_folder(),
    '-d', $name);

# What psql answers to these arguments as a role.
sub as {
    my ($role, @arguments) = @_;
    my ($status, $output) = UmTest::run(@psql, '-U', $role, @arguments);
    chomp $output;
    return $status ? "failed: $output" : $output;
}

is(as(usermgmt => map { ('-f', $_) } @$before), '', 'the steps before 011 are applied');
$database->{sql}->($_) for "create role $web login", "create role $other login",
    "grant select, insert, update, delete on um_users, um_tickets to $web", "grant select on um_tickets to $other";
my $id = '01234567-0123-7123-8123-0123456789ab';
$database->{sql}->('insert into um_users (id, username, username_key, email, email_key, password, version, created_at,'
    . " updated_at) values ('$id', 'a', 'a', 'a\@example.org', 'a\@example.org', 'x', '$id', 1, 1)");
my $columns = 'hash, kind, mail_id, user_id, user_version, email_key, created_at, expires_at';
my $insert = sub {
    return "insert into um_tickets ($columns) select '$_[0]', 'reset', '$id', u.id, u.version, u.email_key, 1, 2"
        . ' from um_users u on conflict do nothing returning user_id';
};
is(as($web, '-c', $insert->('one')), $id, 'a token is stored before step 011');

is(as(usermgmt => map { ('-f', $_) } @$after), '', 'step 011 and later steps are applied');
is($database->{sql}->('select hash from um_one_time_tokens'), 'one', 'the table has the token under its new name');
is(as($web, '-c', $insert->('two')), $id, 'an older module stores a token');
is(as($web, '-c', $insert->('two')), '', 'a second token of the same hash is not stored');
is(as($web, '-c', 'select t.hash from um_tickets t join um_users u on u.id = t.user_id and u.version = t.user_version'
    . ' order by t.hash'), "one\ntwo", 'the old name shows both tokens');
is(as($web, '-c', "delete from um_tickets where hash = 'one' and expires_at > 1 returning email_key"), 'a@example.org',
    'a token can be deleted by the old name');
is(as($web, '-c', 'delete from um_tickets where hash = any(array(select t.hash from um_tickets t where t.expires_at < 9'
    . ' order by t.expires_at limit 9 for update skip locked)) returning hash'), 'two',
    'an older module purges a token');
is($database->{sql}->('select count(*) from um_one_time_tokens'), '0', 'no token is left in the table');
is(as($other, '-c', 'select count(*) from um_tickets'), '0', 'a role that could read the table can read the view');
like(as($other, '-c', 'delete from um_tickets'), qr/permission denied/, 'that role cannot change the view');
is(as($web, '-c', $insert->('three')) && as($web, '-c', 'delete from um_one_time_tokens returning hash'), 'three',
    'a newer module has the grants on the table');
is($database->{sql}->("select string_agg(c.relname, ' ' order by c.relname) from pg_class c"
    . " where c.relname like '%ticket%'"), 'um_tickets', 'the indexes have the new name');
is($database->{sql}->("select count(*) from pg_constraint where conname like '%ticket%'"), '0',
    'constraints have new names, too');
$database->{sql}->("drop owned by $_; drop role $_") for $web, $other;

done_testing();
