#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# PostgreSQL that was told how small its tables are, and has made its plans, before there is much in them.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmMail;
use UmServer;
use UmSmtpd;

plan(skip_all => 'SQLite goes by an index without being told') if UmTest::database() ne 'pgsql';

my $COUNT = 1500;
my $database = new_database();
my $sql = $database->{sql};
my @tables = qw(um_mail um_tickets um_users);
for my $table (@tables) {
    $sql->("alter table $table set (autovacuum_enabled = off)");
    $sql->("vacuum analyze $table");
}
my @few = add_accounts($database, 10, 'few');
my $sink = UmSmtpd->start('--no-store');
my $server = UmServer->start($database, "UserMgmtMail smtp://127.0.0.1:$sink->{port}", children => 1);
for my $address (@few) {
    ask_each($server, $address);
    settle(sql => $sql);
}
is(scalar(() = $sink->taken), 10, 'a few mails, one after another');

# Rows that were read in tables from end to end.
sub rows_read {
    sleep 2;    # a session tells its numbers once a second, and when it has nothing to do
    ask_each($server, 'nobody@example.org');
    settle(sql => $sql);
    sleep 2;
    return map { $sql->("select seq_tup_read from pg_stat_user_tables where relname = '$_'") } @tables;
}

my @many = add_accounts($database, $COUNT, 'many');
my @before = rows_read();
$sql->("insert into um_mail (id, kind, due_at, address, site, created_at) select u.id, 'reset', 0, u.email, m.site,"
    . " extract(epoch from now())::bigint from um_users u, (select max(site) as site from um_mail) m"
    . " where u.email like 'many%'");
my @own = map { $sql->("select seq_tup_read from pg_stat_user_tables where relname = '$_'") } @tables;
ok(settle(sql => $sql, seconds => 60), 'then many');
is(scalar(() = $sink->taken), 10 + $COUNT, 'all are sent');
my @after = rows_read();
# What this test itself reads to look whether all is done is some of it.
for my $number (0 .. $#tables) {
    cmp_ok(($after[$number] - $before[$number]) / $COUNT, '<', 300,
        "$tables[$number] is not read from end to end for each")
        or diag("@before, @own, @after");
}
is($server->crashes, '', 'nothing crashed');

api_done();
