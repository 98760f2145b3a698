#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The cost of the worker's statements, and of that of the throttles, does not depend on the number of rows: each reads a
# range of an index, also where PostgreSQL has made its plans while the tables were nearly empty.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmMail;
use UmServer;
use UmSmtpd;

my $database = new_database();
my $sql = $database->{sql};
my $is_pgsql = $database->{driver} eq 'pgsql';

# ---- every statement of the worker reads a range of an index ---------------------------------------------------------

# The SQL of all statements as name => text, with the database's own placeholders; and the names of those of the worker.
sub statements {
    my $store = UmTest::sources() . '/src/store';
    my @define = ("-DUM_UUID=\"" . ($is_pgsql ? 'cast(%s as uuid)' : '%s') . '"',
        '-DUM_SQL2(pgsql,sqlite3)=' . $database->{driver},
        '-DUM_STATEMENT(name,kind,values,...)=UM_ROW name __VA_ARGS__');
    my ($status, $text) = UmTest::run('cc', qw(-E -P -x c), @define, '-include', "$store/user_columns.h",
        "$store/statements.h");
    die "$text\n" if $status;
    my %text;
    for my $row (split /\bUM_ROW\s+/, $text) {
        my ($name, $strings) = $row =~ /\A(\w+)\s(.*)\z/s or next;
        $text{$name} = join '', $strings =~ /"((?:[^"\\]|\\.)*)"/g;
        my $number = 0;
        $text{$name} =~ s/%s/$is_pgsql ? '$' . ++$number : '?'/ge;
        $text{$name} =~ s/%%/%/g;
        $text{$name} =~ s/\\"/"/g;
    }
    my @own = UmTest::slurp("$store/statements_mail.h") =~ /UM_STATEMENT\((\w+)/g;
    push @own, grep { !/ADMIN|COUNTS/ } UmTest::slurp("$store/statements_event.h") =~ /UM_STATEMENT\((WEBHOOK_\w+)/g;
    push @own, qw(MAIL_INSERT USERS_BY_EMAIL ONE_TIME_TOKEN_INSERT ONE_TIME_TOKEN_DROP ONE_TIME_TOKEN_BOUND
        EVENT_PURGE HASH_KINDS CLAIMS CLAIM_EMAILS);
    # Not of the worker: of the throttles, while somebody guesses passwords.
    push @own, 'SESSION_ADDRESSES';
    # A page of an account's events or mails must not read those of others, nor some members of a group all of them.
    push @own, qw(EVENT_COUNT EVENT_BEFORE EVENT_AFTER EVENT_ALL USER_NAMES MAIL_ADMIN_OF_USER GROUP_MEMBER_IDS);
    return (\%text, map { $_ => $text{$_} || die "there is no statement $_\n" } @own);
}

# Enough rows to make an index worthwhile, of several sites, and most of them expired.
my $ROWS = 30_000;
my $uuid = $is_pgsql ? "cast('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0') as uuid)"
    : "printf('00000000-0000-7000-8000-%012x', i)";
my %rows = (
    'um_users (id, username, username_key, email, email_key, password, version, created_at, updated_at, is_active,'
        . ' is_staff, first_name_key, last_name_key)' =>
        "$uuid, 'u' || i, 'u' || i, 'u' || i || '\@x', 'u' || i || '\@x', 'x', $uuid, i, i, i % 3, i % 2, 'a' || i, 'b' || i",
    'um_groups (id, name, created_at)' => "$uuid, 'g' || i, i",
    'um_memberships (user_id, group_id)' => "$uuid, $uuid",
    'um_sessions (id, user_id, user_version, created_at, expires_at)' => "$uuid, $uuid, $uuid, i, i",
    'um_one_time_tokens (hash, kind, mail_id, user_id, user_version, email_key, created_at, expires_at)' =>
        "'h' || i, 'reset', $uuid, $uuid, $uuid, 'u' || i || '\@x', i, i",
    'um_mail (id, kind, state, due_at, address, user_id, created_at, done_at, site)' =>
        "$uuid, 'reset', i % 3, i, 'x', $uuid, i, case when i % 3 > 0 then i end, 's' || (i % 5)",
    'um_events (id, user_id, kind, at_ms, actor, detail, address, user_agent, request_id, host, node)' =>
        "$uuid, $uuid, 'registered', i, '', '', '', '', '', '', ''",
    'um_idempotency (key_hash, body_hash, user_id, user_version, has_session, expires_at)' =>
        "'h' || i, 'b', $uuid, $uuid, 1, i",
    'um_webhooks (id, site, url, event_id, kind, at_ms, state, due_at, created_at, done_at)' =>
        "$uuid, 's' || (i % 5), 'u' || (i % 7), $uuid, 'account.added', i, i % 3, i, i, case when i % 3 > 0 then i end",
    'um_held_names (hash, held_until)' => "'h' || i, i",
    'um_requests (site, id, kind, email_key, address, created_at)' =>
        "'s' || (i % 5), $uuid, 'reset', 'u' || i || '\@x', 'x', i",
);
for my $table (sort { ($b =~ /um_users|um_groups/) <=> ($a =~ /um_users|um_groups/) } keys %rows) {
    $sql->("insert into $table with recursive n(i) as (select 1 union all select i + 1 from n where i < $ROWS)"
        . " select $rows{$table} from n");
}
$sql->('analyze');

# The plans of statements as name => plan, asked for twenty at a time. PostgreSQL: generic ones, as prepared statements
# have, which do not depend on the values.
sub plans {
    my ($settings, %text) = @_;
    my @names = sort keys %text;
    my %plan;
    while (my @some = splice @names, 0, 20) {
        my $asked = $is_pgsql ? "set plan_cache_mode = force_generic_plan; $settings;" : '';
        for my $name (@some) {
            my $values = join ', ', ('null') x ($text{$name} =~ /\$(\d+)(?!.*\$\d)/s ? $1 : 0);
            $asked .= "select '=== $name';" . ($is_pgsql ? "prepare one as $text{$name}; explain execute one"
                . ($values ? "($values)" : '') . '; deallocate one;' : "explain query plan $text{$name};");
        }
        %plan = (%plan, (split /^=== (\w+)\n/m, $sql->($asked))[1 .. 2 * @some]);
        # SQLite has no plan for one row of values.
        for my $name (grep { $is_pgsql || $text{$_} !~ /\A\s*insert\b/i } @some) {
            $plan{$name} =~ /Scan|SCAN|SEARCH|Result|Insert|Limit/ or die "no plan of $name: $plan{$name}\n";
        }
    }
    return %plan;
}

my ($all, %statement) = statements();
my %plan = plans('set enable_seqscan = off', %statement);
for my $name (sort keys %statement) {
    my $plan = $plan{$name};
    my @wrong;
    if ($is_pgsql) {
        my @lines = split /\n/, $plan;
        for my $number (0 .. $#lines) {
            push @wrong, $lines[$number] if $lines[$number] =~ /Seq Scan/;
            push @wrong, $lines[$number]
                if $lines[$number] =~ /Index(?: Only)? Scan.* using|Bitmap Index Scan/
                && ($lines[$number + 1] || '') !~ /Index Cond/;
        }
    }
    else {
        @wrong = grep { /\bSCAN (?!(?:n|g|k|gone|numbered|\d+ CONSTANT ROWS?|CONSTANT ROW|\(subquery)\b)/ } split /\n/, $plan;
    }
    is(join("\n", @wrong), '', "$name reads a range of an index") or diag($plan);
}
cmp_ok(scalar keys %statement, '>=', 25, 'the plans of all these statements are looked at');

# `session end-all` takes rows in any order. Each batch must find its rows without reading all others.
{
    my $text = $all->{END_REQUESTS} =~ s/\$1|\?/20/r;
    unlike($sql->(($is_pgsql ? 'explain ' : 'explain query plan ') . $text), qr/S(?:eq Scan on|CAN) um_requests(?! r\b)/,
        'END_REQUESTS finds its rows by an index');
}

# The metrics count what waits, and what has ended lately, each in the index of such rows.
{
    my %counts = plans('set enable_seqscan = off', map { $_ => $all->{$_} } qw(MAIL_ADMIN_COUNTS OVERVIEW WEBHOOK_COUNTS));
    unlike($counts{$_}, qr/Seq Scan on um_(?:mail|webhooks)\b|\bSCAN [gmw]\b(?! USING)/, "$_ does not read all mails")
        or diag($counts{$_}) for sort keys %counts;
}

# ---- lists of accounts -------------------------------------------------------------------------------------------------

# Each reads a window of one index in its order: it neither reads all accounts nor sorts them. What is sorted is the few
# names of groups of one account.
my @lists = grep { /\ALIST_|\AUSERS_NO_NAME_KEY\z/ && $_ ne 'LIST_ESTIMATE' } sort keys %$all;
cmp_ok(scalar @lists, '>=', 70, 'there are the statements of all lists');
# So few accounts are cheaper to sort than to read in order. Of millions PostgreSQL does by itself what it is told here:
# t/bench/list.
%plan = plans('set enable_sort = off; set enable_bitmapscan = off', map { $_ => $all->{$_} } @lists);
for my $name (@lists) {
    my $plan = $plan{$name};
    my @wrong;
    if ($is_pgsql) {
        push @wrong, grep { /Seq Scan on um_(?:users|memberships)|Bitmap|Sort +\(|hashed SubPlan/ } split /\n/, $plan;
        # The one sort that there may be is in the subquery for the names of the groups.
        shift @wrong if @wrong && $wrong[0] =~ /Sort/ && $plan =~ /Aggregate[^\n]*\n\s*->\s*\Q$wrong[0]\E/;
    }
    else {
        my @lines = split /\n/, $plan;
        my $inner = grep { /CO-ROUTINE \(?u\b|CO-ROUTINE \(subquery/ } @lines;
        @wrong = grep { /\bSCAN (?!n\b|\(?u\)?\z)/ } @lines;
        push @wrong, "$inner windows" if $inner != grep { /\bSCAN \(?u\)?\z/ } @lines;
        push @wrong, grep { /\A[| `-]{0,5}USE TEMP B-TREE/ } @lines;
    }
    is(join("\n", @wrong), '', "$name reads a window of an index") or diag($plan);
}

# ---- plans that were made while the tables were nearly empty ---------------------------------------------------------

if (!$is_pgsql) {
    note('SQLite makes no plan by what the tables held earlier');
    api_done();
    exit;
}
my $COUNT = 1500;
$database = new_database();
$sql = $database->{sql};
my @tables = qw(um_requests um_mail um_one_time_tokens um_users);
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
is(scalar(() = $sink->taken), 10, 'a few mails are sent, one after another');

# How many rows of each table sequential scans have read.
sub rows_read {
    sleep 2;    # PostgreSQL publishes a session's statistics once a second, and when it is idle
    ask_each($server, 'nobody@example.org');
    settle(sql => $sql);
    sleep 2;
    return map { $sql->("select seq_tup_read from pg_stat_user_tables where relname = '$_'") } @tables;
}

my @many = add_accounts($database, $COUNT, 'many');
my @before = rows_read();
$sql->('insert into um_requests (site, id, kind, email_key, address, created_at)'
    . " select m.site, u.id, 'reset', u.email_key, u.email, extract(epoch from now())::bigint"
    . " from um_users u, (select max(site) as site from um_mail) m where u.email like 'many%'");
my @own = map { $sql->("select seq_tup_read from pg_stat_user_tables where relname = '$_'") } @tables;
ok(settle(sql => $sql, seconds => 150), 'the outbox is empty after many requests');
is(scalar(() = $sink->taken), 10 + $COUNT, 'all mails are sent');
my @after = rows_read();
# The count includes what this test reads to see whether all is done.
for my $number (0 .. $#tables) {
    cmp_ok(($after[$number] - $before[$number]) / $COUNT, '<', 300,
        "$tables[$number] is not read as a whole for each mail")
        or diag("@before, @own, @after");
}
is($server->crashes, '', 'no process of the server crashed');

api_done();
