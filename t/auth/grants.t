#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The roles, schema and grants of docs/to-postgresql.md are all that httpd needs, and its role may not change the schema.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmAudit;
use UmDocs;
use UmMail;
use UmServer;
use UmTest ();

plan(skip_all => 'SQLite has no roles') if UmTest::database() ne 'pgsql';

my $database = new_database(is_empty => 1);
my ($name) = $database->{params} =~ /dbname=(\w+)/;
my $web = "web_$name";
local $ENV{PATH} = join ':', programs(), UmTest::setting('PGBIN'), $ENV{PATH};
local @ENV{qw(PGHOST PGUSER PGDATABASE)} = (UmTest::pg_folder(), 'usermgmt', 'postgres');
is((UmTest::run('dropdb', $name))[0], 0, 'the page makes the database');
for my $begin ('sudo -u postgres psql', 'usermgmt --driver pgsql --params', 'psql -v ON_ERROR_STOP=1 "host') {
    my ($status, $said) = run_block(command_block('docs/to-postgresql.md', $begin), UmTest::new_folder(), sub {
        return $_[0] =~ s/accounts_owner/owner_$name/gr =~ s/accounts_web/$web/gr =~ s/database accounts /database $name /r
            =~ s/host=\S+ dbname=accounts /dbname=$name /r;
    });
    is($status, 0, "docs/to-postgresql.md: $begin") or diag($said);
}
$database->{params} =~ s/user=\w+/user=$web/;
my $site = audited_server('', database => $database);

my $me = { username => new_name(), password => good_password(), email => new_address() };
my $made = json_of(post($USERS, $me));
my ($path, $token) = ("$USERS$made->{id}/", $made->{auth_token});
post($TOKEN, { %$me, password => 'wrong horse' });
my $one = json_of(post($TOKEN, $me));
post('/api-token-refresh/', { refresh_token => $one->{refresh_token} });
$token = json_of(post($path, { old_password => $me->{password}, new_password => 'Green-House?40' }, token => $token))->{token};
call(PATCH => $path, json => '{"first_name":"Ann"}', token => $token);
call(GET => "$path$_/", token => $token) for qw(sessions events);
post('/api/password_reset/', { email => $me->{email} });
settle(sql => $database->{sql});
my ($reset) = grep { defined } map { $_->{token} } grep { $_->{subject} =~ /password/i } mails_in($site->{mails});
post('/api/password_reset/confirm/', { token => $reset, password => 'Blue-House?41' });
$token = json_of(post($TOKEN, { %$me, password => 'Blue-House?41' }))->{token};
is(call(DELETE => "${path}sessions/", token => $token)->{status}, 204, 'sessions are ended');
$token = json_of(post($TOKEN, { %$me, password => 'Blue-House?41' }))->{token};
my @cli = (UmTest::cli(), '--driver', 'pgsql', '--params', $database->{params});
for my $words ([qw(group new editors)], [qw(group add editors), $me->{username}], [qw(group drop editors), $me->{username}],
    [qw(group remove editors)], [qw(user active), $me->{username}, 'on'], ['events'], [qw(session end-all)]) {
    my ($status, $said) = UmTest::run(@cli, @$words);
    is($status, 0, "usermgmt @$words") or diag($said);
}
$token = json_of(post($TOKEN, { %$me, password => 'Blue-House?41' }))->{token};
is(call(DELETE => $path, token => $token)->{status}, 204, 'the account is deleted');
unlike($site->{server}->log, qr/permission denied|UM301: .*503|UM502/, 'nothing was refused by the database');

for my $change ('alter table um_users add column x text', 'drop table um_events', 'update um_events set kind = \'x\'',
    'insert into um_schema select * from um_schema', 'truncate um_users') {
    my ($status, $output) = UmTest::run(UmTest::setting('PGBIN') . '/psql', '-Xq1At', '-h', UmTest::pg_folder(), '-U', $web,
        '-d', $name, '-c', $change);
    like($output, qr/permission denied|must be owner/, "refused: $change");
}
undef $site->{server};
api_done();
