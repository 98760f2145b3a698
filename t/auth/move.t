#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# usermgmt move: a site moves from SQLite to PostgreSQL, and a client goes on with its token.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmApi;
use UmServer;
use UmTest;

plan skip_all => 'the target is PostgreSQL' if UmTest::database() ne 'pgsql';

my $ACCOUNTS = 1203;        # several batches, and the last one is not full
my $keys = UmTest::new_folder();
UmTest::new_key("$keys/one.pem");
my $LINES = "UserMgmtSigningKey $keys\nUserMgmtIssuer https://accounts.test.example\n";

my $file = UmTest::new_folder() . '/accounts.db';
UmTest::output_of('sqlite3', '-batch', $file, map { ".read $_" } sort glob UmTest::sources() . '/sql/sqlite3/*.sql');
sub sqlite { return UmTest::output_of('sqlite3', '-batch', '-cmd', '.timeout 5000', $file, $_[0]) }
my $source = { driver => 'sqlite3', params => $file, sql => \&sqlite };
my $server = UmServer->start($source, $LINES);
$UmApi::PORT = $server->{port};
my $account = register(email => "o'ne\@example.org");
my @program = (UmTest::cli(), '--httpd', UmTest::httpd(), '--config', "$server->{folder}/httpd.conf");

sub ends {
    my ($want, $pattern, @words) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($status, $said) = UmTest::run(@program, @words);
    return ok($status == $want && $said =~ $pattern, "usermgmt @words ends with $want") || diag("$status $said");
}

ends(0, qr/made/, qw(group new sales));
ends(0, qr/is now in/, qw(group add sales), $account->{username});
add_accounts($source, $ACCOUNTS - 1, 'many');
sqlite("update um_users set first_name = 'Zoë % \$1 ''x''' || char(10) || 'y' where username like 'many%'");
my $token = $account->{token};
$server->stop;

# ---- refused -------------------------------------------------------------------------------------------------------

my $target = new_database();
my $to = "pgsql:$target->{params}";
ends(2, qr/say where to/, 'move');
ends(2, qr/say where to/, qw(move --to sqlite3:x));
ends(4, qr/the target: no connection/, qw(move --to), 'pgsql:host=/none');
ends(1, qr/the target: .*lacks the schema's step/, qw(move --to), 'pgsql:' . new_database(is_empty => 1)->{params});
my $taken = new_database();
add_accounts($taken, 2, 'there');
ends(1, qr/the target has 2 accounts/, qw(move --to), "pgsql:$taken->{params}");
is($taken->{sql}->('select count(*) from um_users'), 2, 'a target that has accounts stays as it is');
# A row that the target refuses: nothing is moved.
my $other = new_database();
$other->{sql}->("alter table um_users add constraint no_sales check (username <> 'many00900')");
ends(1, qr/um_users/, qw(move --to), "pgsql:$other->{params}");
is($other->{sql}->('select (select count(*) from um_users) + (select count(*) from um_groups)'), 0, 'all rows are moved or none');

# ---- moved ---------------------------------------------------------------------------------------------------------

my ($line) = UmTest::slurp(UmTest::sources() . '/docs/operations.md') =~ /^ *sudo usermgmt move (--to) "pgsql:[^"]*"$/m;
is($line, '--to', 'docs/operations.md has the command');
ends(0, qr/^ +$ACCOUNTS um_users\n.*All rows were copied/ms, qw(move --to), $to);
my @tables = split /\n/, sqlite("select name from sqlite_master where type = 'table' and name like 'um_%' and name <> 'um_schema'");
cmp_ok(scalar @tables, '>=', 9, 'there are the tables of the schema');
for my $table (@tables) {
    my @columns = split /\n/, sqlite("select name from pragma_table_info('$table') order by name");
    my $list = join " || '|' || ", map { "coalesce(cast($_ as text), '~')" } @columns;
    my $of_target = join "\n", sort split /\n/, $target->{sql}->("select $list from $table");
    is($of_target, join("\n", sort split /\n/, sqlite("select $list from $table")), "$table has the same rows");
}
ends(1, qr/the target has $ACCOUNTS accounts/, qw(move --to), $to);

my $moved = UmServer->start($target, $LINES);
$UmApi::PORT = $moved->{port};
is(call(GET => $account->{path}, token => $token)->{status}, 200, 'a token from before the move is valid');
is(json_of(call(GET => $account->{path}, token => $token))->{email}, "o'ne\@example.org", 'the account is the same');
is(call(POST => $TOKEN, json => qq({"username":"$account->{username}","password":"$account->{password}"}))->{status}, 200,
    'the password is the same');

done_testing();
