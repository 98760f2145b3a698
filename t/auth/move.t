#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# usermgmt move: a site moves from SQLite to PostgreSQL, and a client goes on with its token.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmApi;
use UmDocs;
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

# ---- every column of every table has a value -----------------------------------------------------------------------

# A table or column that a step of the schema brings has to get a value here, so that it is seen to be moved.
my ($UUID, $VERSION) = map { "01234567-89ab-7def-8123-4567890000$_" } 10, 11;
my $HASH = 'ab' x 32;
my $sample = "(select id from um_users where username = 'many00007')";
sqlite($_) for (
    "update um_users set custom = '{\"office\": \"north\", \"employee\": 7}', alias = '42', email_claim = email_key, is_staff = 1,"
        . " email_verified = 1, last_sign_in_at = 3, last_name = 'L', first_name_key = 'f', last_name_key = 'l'"
        . " where username = 'many00007'",
    "update um_users set is_active = 0 where username = 'many00008'",
    "update um_sessions set address = '192.0.2.1', user_agent = 'agent', family_hash = '$HASH', refresh_hash = '$HASH',"
        . " previous_hash = '$HASH', refresh_salt = 'salt', rotated_at = 2, refreshed_at = 3, earlier_hashes = '$HASH',"
        . " token_hash = '$HASH'",
    'insert into um_mail (id, kind, state, due_at, claim, attempts, address, user_id, username, detail, language, created_at,'
        . " done_at, last_error, site, email_key, made_at) values ('$UUID', 'reset', 2, 3, '$VERSION', 1, 'a\@example.org',"
        . " $sample, 'many00007', 'detail', 'en', 4, 5, 'error', 'site', 'a\@example.org', 6)",
    "insert into um_one_time_tokens (hash, kind, mail_id, user_id, user_version, email_key, created_at, expires_at) values"
        . " ('$HASH', 'reset', '$UUID', $sample, '$VERSION', 'a\@example.org', 1, 2)",
    'insert into um_requests (site, id, kind, email_key, address, language, created_at) values'
        . " ('site', '$UUID', 'reset', 'a\@example.org', 'a\@example.org', 'en', 1)",
    "insert into um_held_names (hash, held_until) values ('$HASH', 9)",
    'insert into um_events (id, user_id, kind, at_ms, actor, session_id, detail, address, user_agent, request_id, host, node)'
        . " values ('$UUID', $sample, 'signed_in', 5000, 'cli', '$VERSION', 'd', '192.0.2.1', 'agent', 'request', 'host', 'node')",
    "insert into um_email_changes (user_id, user_version, former_key, email, email_key, created_at, expires_at) values"
        . " ($sample, '$VERSION', 'a\@example.org', 'B\@example.org', 'b\@example.org', 1, 2)",
    'insert into um_webhooks (id, site, url, event_id, kind, at_ms, user_id, username, actor, detail, state, due_at, claim,'
        . ' attempts, created_at, done_at, last_error)'
        . " values ('$UUID', 'site', 'https://example.org/', '$UUID', 'account.added', 5000, $sample, 'many00007', 'cli',"
        . " 'detail', 2, 3, '$VERSION', 1, 4, 5, 'error')",
    "insert into um_webhook_receivers (site, url, disabled_at) values ('site', 'https://example.org/', 9)",
    'insert into um_idempotency (key_hash, body_hash, user_id, user_version, has_session, expires_at) values'
        . " ('$HASH', 'body', $sample, '$VERSION', 1, 2)",
);
my @tables = split /\n/, sqlite("select name from sqlite_master where type = 'table' and name like 'um_%' and name <> 'um_schema'"
    . ' order by name');
my %columns = map { $_ => [split /\n/, sqlite("select name from pragma_table_info('$_') order by name")] } @tables;
for my $table (@tables) {
    my %default = split /[|\n]/, sqlite("select name, coalesce(dflt_value, quote('')) from pragma_table_info('$table')");
    for my $column (@{ $columns{$table} }) {
        my $seen = sqlite("select count(*) from $table where $column is not null and $column <> $default{$column}");
        cmp_ok($seen, '>', 0, "$table.$column has a value that tells it from a new row's");
    }
}

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

my ($status, $said) = do {
    local $ENV{PATH} = programs("$server->{folder}/httpd.conf") . ":$ENV{PATH}";
    run_block(command_block('docs/to-postgresql.md', 'sudo usermgmt move'), UmTest::new_folder(),
        sub { $_[0] =~ s/"pgsql:[^"]*"/"$to"/r });
};
ok($status == 0 && $said =~ /^ +$ACCOUNTS um_users\n.*All rows were copied/ms, 'the line of docs/to-postgresql.md copies all')
    or diag("$status $said");
is(join(' ', split /\n/, $target->{sql}->("select table_name from information_schema.tables where table_schema = current_schema()"
    . " and table_type = 'BASE TABLE' and table_name <> 'um_schema' order by table_name collate \"C\"")), "@tables",
    'both databases have the same tables');
for my $table (@tables) {
    my @columns = @{ $columns{$table} };
    is(join(' ', split /\n/, $target->{sql}->("select column_name from information_schema.columns where table_schema ="
        . " current_schema() and table_name = '$table' order by column_name collate \"C\"")), "@columns", "$table has the same columns");
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
