#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Statements that PostgreSQL ends: a timeout is not repeated, a conflict is, and whatever is canceled when, no
# connection stays inside a transaction.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Digest::SHA 'sha256';
use IO::Handle;
use MIME::Base64 'encode_base64url';
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use UmApi;
use UmMail;
use UmServer;
use UmSmtpd;

plan(skip_all => 'SQLite cancels nothing') if UmTest::database() ne 'pgsql';

my $CANCELED = 150;     # statements at least, of many more that are sent
my $log = UmTest::pg_log();

# A session of psql that does what is printed to it, and waits for more.
sub session {
    my ($database) = @_;
    my $pid = open(my $in, '|-', UmTest::setting('PGBIN') . '/psql', qw(-XqAt -v ON_ERROR_STOP=1 -o /dev/null),
        $database->{params}) or die "psql: $!\n";
    $in->autoflush(1);
    return $in;
}

sub start {
    my ($database, $options, $lines) = @_;
    my $server = UmServer->start({ %$database, params => "$database->{params} options='-c $options'" }, $lines || '');
    $UmApi::PORT = $server->{port};
    return $server;
}

# Waits until a session of psql has changed or locked rows, and waits itself. Between its statements it is idle, too, and
# so are those of httpd.
sub await_holder {
    my ($database) = @_;
    return await(20, sub { $database->{sql}->('select 1 from pg_stat_activity a join pg_locks l using (pid)'
        . " where a.datname = current_database() and a.application_name = 'psql' and a.state = 'idle in transaction'"
        . " and l.relation is not null and l.mode like 'Row%' limit 1") });
}

# How often the database's log has this since then.
sub count_of {
    my ($mark, $text) = @_;
    return scalar(() = UmTest::since($mark) =~ /\Q$text\E/g);
}

# The request that is made while a session has done that and not committed it. It waits, and the session commits then,
# after that more, if there is more to do.
sub overtaken {
    my ($database, $sql, @request) = @_;
    ($sql, my $more) = ref $sql ? @$sql : ($sql, 'select 1');
    my $holder = session($database);
    print {$holder} "begin; $sql;\n";
    await_holder($database) or die "psql: no lock\n";
    my $child = fork;
    die "fork: $!\n" unless defined $child;
    if (!$child) {
        await(20, sub { $database->{sql}->('select 1 from pg_stat_activity where datname = current_database()'
            . " and wait_event_type = 'Lock' limit 1") });
        print {$holder} "$more;\ncommit;\n";
        POSIX::_exit(0);
    }
    my $answer = call(@request);
    waitpid $child, 0;
    close $holder;
    return $answer;
}

# ---- a statement that takes too long ---------------------------------------------------------------------------------

{
    my $database = new_database();
    my $server = start($database, 'statement_timeout=700');
    my $me = register();
    my $holder = session($database);
    print {$holder} "begin; select 1 from um_users where id = '$me->{id}' for update;\n";
    ok(await_holder($database), 'another session holds the row');
    my %change = (
        'one statement' => [PATCH => $me->{path}, token => $me->{token}, json => '{"first_name":"Ann"}'],
        'a transaction' => [POST => $me->{path}, token => $me->{token},
            json => qq({"old_password":"$me->{password}","new_password":"Red-House?38"})],
        'a deletion' => [DELETE => $me->{path}, token => $me->{token}],
    );
    for my $what (sort keys %change) {
        my $mark = UmTest::mark($log);
        answer_is(call(@{ $change{$what} }), 503, detail('busy'), "$what that waits for it is answered 503");
        is(count_of($mark, 'canceling statement due to statement timeout'), 1, "$what: it was sent once");
    }
    print {$holder} "rollback;\n";
    close $holder;
    answer_is(call(@{ $change{'one statement'} }), 200, profile_of($me, first_name => 'Ann'),
        'a request that was canceled is done the next time');
    is($server->crashes, '', 'no process of the server crashed');
}

# ---- a conflict ------------------------------------------------------------------------------------------------------

{
    my $database = new_database();
    my $server = start($database, 'default_transaction_isolation=serializable');
    my $me = register();
    for my $row (['one statement', PATCH => '{"first_name":"Ann"}', 200],
        ['a transaction', POST => qq({"old_password":"$me->{password}","new_password":"Red-House?38"}), 200]) {
        my ($what, $method, $json, $status) = @$row;
        my $mark = UmTest::mark($log);
        is(overtaken($database, "update um_users set last_name = last_name where id = '$me->{id}'",
            $method => $me->{path}, token => $me->{token}, json => $json)->{status}, $status,
            "$what that another transaction has overtaken is done");
        is(count_of($mark, 'could not serialize access'), 1, "$what: it was sent again");
    }
    # It was refused before, so it has not deleted the account itself.
    answer_is(overtaken($database, "delete from um_users where id = '$me->{id}'", DELETE => $me->{path},
        token => login($me->{username}, 'Red-House?38')), 404, detail('not_found'), 'a deletion that another has overtaken');
    is($server->crashes, '', 'no process of the server crashed');
}

# ---- a row that another transaction deletes or takes meanwhile ---------------------------------------------------------

{
    my $database = new_database();
    my $server = start($database, 'statement_timeout=20000', 'UserMgmtUniqueEmail On');
    my ($me, $gone, $boss) = map { register() } 1 .. 3;
    $database->{sql}->("update um_users set is_staff = 1 where id = '$boss->{id}'");
    my $mark = UmTest::mark($log);
    answer_is(overtaken($database, "delete from um_users where id = '$gone->{id}'", POST => '/api-token-auth/',
        json => qq({"username":"$gone->{username}","password":"$gone->{password}"})), 400,
        faults(non_field_errors => 'login'), 'signing in to an account that is being deleted');
    $gone = register();
    call(POST => '/api/v1/groups/', token => $boss->{token}, json => '{"name":"friends"}');
    answer_is(overtaken($database, "delete from um_users where id = '$gone->{id}'",
        PUT => "/api/v1/groups/friends/members/$gone->{id}/", token => $boss->{token}), 404, detail('not_found'),
        'adding an account that is being deleted to a group');
    answer_is(overtaken($database, "delete from um_groups where name = 'friends'",
        PUT => "/api/v1/groups/friends/members/$me->{id}/", token => $boss->{token}), 404, detail('not_found'),
        'adding an account to a group that is being deleted');
    is(count_of($mark, 'violates foreign key constraint'), 3, 'each was sent again');
    answer_is(overtaken($database, "update um_users set email = 'a\@example.org', email_key = 'a\@example.org',"
        . " email_claim = 'a\@example.org' where id = '$boss->{id}'",
        PATCH => $me->{path}, token => $me->{token}, json => '{"email":"a@example.org"}'), 400,
        faults(email => 'A user with that email address already exists.'), 'an address that is being given to another account');
    is(count_of($mark, 'violates unique constraint'), 1, 'that was sent again, too');
    unlike($server->log, qr/violates/, 'none of it is a failure of the database');
    is($server->crashes, '', 'no process of the server crashed');
}

# Locks of one order: the row of the account first, and then what belongs to it, as a deletion of the account has it.
{
    my $database = new_database();
    my $server = start($database, 'statement_timeout=20000', "UserMgmtEmailVerification on\nUserMgmtMail file:"
        . UmTest::new_folder());
    my ($me, $you) = map { register() } 1 .. 2;
    my $token = 'A' x 43;
    $database->{sql}->('insert into um_one_time_tokens (hash, kind, mail_id, user_id, user_version, email_key, created_at,'
        . " expires_at) select case when id = '$me->{id}' then '" . encode_base64url(sha256($token)) . "' else 'other' end,"
        . " 'verify', id, id, version, email_key, created_at, created_at + 9999 from um_users");
    my $mark = UmTest::mark($log);
    answer_is(overtaken($database, ["select 1 from um_users where id = '$me->{id}' for update",
        "delete from um_users where id = '$me->{id}'"], POST => $VERIFIED, json => qq({"token":"$token"})), 404,
        detail('not_found'), 'verifying the address of an account that is being deleted');
    is(count_of($mark, 'deadlock detected'), 0, 'neither waits for a lock that the other has');
    # Somebody with another order. Whoever PostgreSQL ends lets the other go first.
    is(overtaken($database, ["select 1 from um_one_time_tokens where hash = 'other' for update",
        "update um_users set last_name = last_name where id = '$you->{id}'"], DELETE => $you->{path},
        token => $you->{token})->{status}, 204, 'a deletion that ended in a deadlock is done');
    is(count_of($mark, 'deadlock detected'), 1, 'there was one deadlock and no other');
    # A mail that is tried again. Two tokens of it are there, of which the worker deletes one.
    my $she = register(email => 'she@example.org');
    my $its = "user_id = '$she->{id}'";
    await(30, sub { $database->{sql}->("select state from um_mail where $its") eq '1' }) or die "no mail was sent\n";
    $database->{sql}->('insert into um_one_time_tokens (hash, kind, mail_id, user_id, user_version, email_key,'
        . " created_at, expires_at) select 'former', kind, mail_id, user_id, user_version, email_key, 1, expires_at"
        . " from um_one_time_tokens where $its");
    $mark = UmTest::mark($log);
    my $holder = session($database);
    print {$holder} "begin; select 1 from um_users where id = '$she->{id}' for update;\n";
    await_holder($database) or die "psql: no lock\n";
    $database->{sql}->("update um_mail set state = 0, due_at = 1, claim = null, done_at = null where $its");
    ok(await(30, sub { $database->{sql}->('select 1 from pg_stat_activity where datname = current_database()'
        . " and wait_event_type = 'Lock' limit 1") }), 'the worker waits for an account that is being deleted');
    print {$holder} "delete from um_users where id = '$she->{id}'; commit;\n";
    close $holder;
    ok(await(30, sub { $database->{sql}->("select state from um_mail where $its") ne '0' }), 'the mail is done');
    is(count_of($mark, 'deadlock detected'), 0, 'and there was no deadlock');
    is($server->crashes, '', 'no process of the server crashed');
}

# ---- whatever is canceled when ---------------------------------------------------------------------------------------

# Requests that write in one statement and in a transaction, until that file is there. What is refused is tried again.
sub load {
    my ($over) = @_;
    my $name = new_name();
    my $made;
    while (!-e $over) {
        if (!$made) {
            my $answer = call(POST => $USERS, any => 1,
                json => qq({"username":"$name","password":"Blue-Tree!71x","email":"$name\@example.org"}));
            $made = $answer->{status} == 201 ? json_of($answer) : undef;
            next;
        }
        my @mine = (token => $made->{auth_token}, any => 1);
        for (1 .. 5) {
            call(PATCH => "$USERS$made->{id}/", @mine, json => qq({"first_name":"$_"}));
            call(PATCH => "$USERS$made->{id}/", @mine, json => qq({"email":"$name.$_\@example.org"}));
            call(GET => "$USERS$made->{id}/", @mine);
        }
        call(POST => '/api/password_reset/', any => 1, json => qq({"email":"$name.5\@example.org"}));
    }
    return;
}

{
    my $sink = UmSmtpd->start('--no-store');
    my $database = new_database();
    my $sql = $database->{sql};
    my $server = start($database, 'statement_timeout=5000', "UserMgmtMail smtp://127.0.0.1:$sink->{port}");
    my $others = 'from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()';
    my $me = register();
    my $over = "$server->{folder}/over";
    my @load;
    for (1 .. 6) {
        my $child = fork;
        die "fork: $!\n" unless defined $child;
        if (!$child) {
            eval { load($over) };
            POSIX::_exit($@ ? 1 : 0);
        }
        push @load, $child;
    }
    my $mark = UmTest::mark($log);
    # In bursts, so that a statement is hit and the ROLLBACK after it too.
    await(120, sub {
        $sql->('do $$ begin for burst in 1 .. 100 loop perform pg_stat_clear_snapshot();'
            . " perform pg_cancel_backend(pid) from (select pid $others and state <> 'idle') as s,"
            . ' generate_series(1, 100); perform pg_sleep(0.01); end loop; end $$');
        return count_of($mark, 'canceling statement due to user request') > $CANCELED;
    });
    UmTest::spew($over, '');
    waitpid $_, 0 for @load;
    cmp_ok(count_of($mark, 'canceling statement due to user request'), '>', $CANCELED, 'many statements were canceled');
    is(await(20, sub { $sql->("select count(*) $others and state like 'idle in transaction%'") eq '0' }), 1,
        'no connection is inside a transaction')
        or diag($sql->("select pid, state, query $others"));
    my %said;
    for (1 .. 30) {
        $said{ call(GET => $me->{path}, token => $me->{token})->{status} }++;
        $said{ call(PATCH => $me->{path}, token => $me->{token}, json => qq({"first_name":"A$_"}))->{status} }++;
    }
    is_deeply(\%said, { 200 => 60 }, 'every request is done again');
    my @to = add_accounts($database, 5, 'after');
    all_fine([ask_each($server, @to)], 'mails are asked for');
    # What was canceled was put off for half a minute, or is claimed until its lease ends (mail/killed.t). It is due now.
    $sql->('update um_mail set due_at = 0 where state = 0');
    ok(settle(sql => $sql, seconds => 60), 'all mails are sent');
    my %taken = map { $_->{to} => 1 } $sink->taken;
    is_deeply([grep { !$taken{$_} } @to], [], 'mails that were asked for after the storm are sent, too');
    is($server->crashes, '', 'no process of the server crashed');
}

api_done();
