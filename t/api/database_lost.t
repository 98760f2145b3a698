#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# PostgreSQL has executed a change, and the connection is lost before the answer has come. The change is sent again. It
# is answered and told as done, once. What was not there to be changed is not told as changed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmCase;
use UmPgProxy;
use UmServer;

plan(skip_all => 'SQLite has no connection that could be lost') if UmTest::database() ne 'pgsql';

my $GROUPS = '/api/v1/groups/';
my $database = new_database();
my ($socket) = $database->{params} =~ /host=(\S+)/;
my $proxy = UmPgProxy->start("$socket/.s.PGSQL.5432");
my $params = $database->{params} =~ s/host=\S+/host=127.0.0.1 port=$proxy->{port} sslmode=disable gssencmode=disable/r;
my $log = UmTest::new_folder() . '/audit.log';
my $server = UmServer->start({ %$database, params => $params }, <<"END", children => 1);
UserMgmtAuditLog $log
UserMgmtMail none
END
$UmApi::PORT = $server->{port};
my $boss = register();
$database->{sql}->("update um_users set is_staff = 1 where id = '$boss->{id}'");
my $count = 0;

sub group {
    my $name = 'g' . ++$count;
    call(POST => $GROUPS, token => $boss->{token}, json => qq({"name":"$name"}))->{status} == 201 or die "no group\n";
    return $name;
}

sub add {
    my ($name, $account) = @_;
    return call(PUT => "$GROUPS$name/members/$account->{id}/", token => $boss->{token});
}

# The answer to a request whose change, a statement that begins so, has lost its answer.
sub lost {
    my ($statement, @request) = @_;
    $proxy->cut('lost', 1, "with changed as ($statement");
    my $answer = call(@request);
    $proxy->cut;
    is($proxy->count, 1, "the answer to \"$statement\" is lost");
    return $answer;
}

# How often an event is stored, and how often the log has it as done.
sub told {
    my ($event, $mark) = @_;
    return $database->{sql}->("select count(*) from um_events where kind = '$event'") . ' '
        . scalar(() = UmTest::since($mark) =~ /"event":"$event","outcome":"ok"/g);
}

# Each gives the beginning of the statement, the event, the answer's status and the request.
my %change = (
    'an account is changed' => sub {
        my $me = register();
        return ('update um_users' => 'account_updated', 200, PATCH => $me->{path}, token => $me->{token},
            json => '{"first_name":"Ann"}');
    },
    'an address is changed' => sub {
        my $me = register();
        return ('update um_users' => 'email_changed', 200, PATCH => $me->{path}, token => $me->{token},
            json => '{"email":"other@example.org"}');
    },
    'an account is deleted' => sub {
        my $me = register();
        return ('delete from um_users' => 'account_deleted', 204, DELETE => $me->{path}, token => $me->{token});
    },
    'a session is ended' => sub {
        my $me = register();
        my ($session) = @{ json_of(call(GET => "$me->{path}sessions/", token => $me->{token})) };
        return ('delete from um_sessions' => 'session_ended', 204, DELETE => "$me->{path}sessions/$session->{id}/",
            token => $me->{token});
    },
    'a group is made' => sub {
        return ('insert into um_groups' => 'group_made', 201, POST => $GROUPS, token => $boss->{token},
            json => '{"name":"new"}');
    },
    'a group is renamed' => sub {
        my $name = group();
        return ('update um_groups' => 'group_renamed', 200, PATCH => "$GROUPS$name/", token => $boss->{token},
            json => '{"name":"renamed"}');
    },
    'a group is deleted' => sub {
        my $name = group();
        return ('delete from um_groups' => 'group_removed', 204, DELETE => "$GROUPS$name/", token => $boss->{token});
    },
    'an account is put into a group' => sub {
        my $name = group();
        return ('insert into um_memberships' => 'group_added', 204, PUT => "$GROUPS$name/members/$boss->{id}/",
            token => $boss->{token});
    },
    'an account is taken out of a group' => sub {
        my $name = group();
        add($name, $boss);
        return ('delete from um_memberships' => 'group_dropped', 204, DELETE => "$GROUPS$name/members/$boss->{id}/",
            token => $boss->{token});
    },
);

case 'a change whose answer is lost is done and told once' => sub {
    for my $what (sort keys %change) {
        my ($statement, $event, $status, @request) = $change{$what}->();
        my $before = $database->{sql}->("select count(*) from um_events where kind = '$event'");
        my $mark = UmTest::mark($log);
        is(lost($statement, @request)->{status}, $status, "$what: it is answered");
        is(told($event, $mark), $before + 1 . ' 1', "$what: $event is stored once and told once");
    }
};

case 'what is not there is not found, also when the answer is lost' => sub {
    my $name = group();
    my %absent = (
        'a group' => ['delete from um_groups' => 'group_removed', DELETE => "${GROUPS}nothing/"],
        'a member' => ['delete from um_memberships' => 'group_dropped', DELETE => "$GROUPS$name/members/$boss->{id}/"],
        'a group for a member' => ['insert into um_memberships' => 'group_added',
            PUT => "${GROUPS}nothing/members/$boss->{id}/"],
    );
    for my $what (sort keys %absent) {
        my ($statement, $event, @request) = @{ $absent{$what} };
        my $before = $database->{sql}->("select count(*) from um_events where kind = '$event'");
        my $mark = UmTest::mark($log);
        answer_is(lost($statement, @request, token => $boss->{token}), 404, detail('not_found'),
            "$what: it is not found");
        is(told($event, $mark), "$before 0", "$what: no $event is stored or told");
    }
};

case 'a member who was one already is no event' => sub {
    my $name = group();
    add($name, $boss);
    my $mark = UmTest::mark($log);
    my @put = (PUT => "$GROUPS$name/members/$boss->{id}/", token => $boss->{token});
    is(lost('insert into um_memberships', @put)->{status}, 204, 'it is answered as done');
    like(told('group_added', $mark), qr/ 0\z/, 'and not told');
};

# Drops a mail or a request with the program; a statement that begins so has lost its answer.
sub drop_lost {
    my ($config, $statement, $id, $what) = @_;
    $proxy->cut('lost', 1, $statement);
    my ($status, $said) = UmTest::run(UmTest::cli(), '--httpd', UmTest::httpd(), '--config', $config, qw(mail drop),
        $id);
    $proxy->cut;
    is($proxy->count . " $status", '1 0', "$what: the program says that it is done") or diag($said);
    is($database->{sql}->('select (select count(*) from um_mail) + (select count(*) from um_requests)'), 0,
        "$what: and it is");
}

case 'a mail or a request is dropped, and its answer lost' => sub {
    my $id = '00000000-0000-7000-8000-000000000001';
    my $keeps = "$server->{folder}/httpd.conf";
    my $forgets = "$server->{folder}/forgets.conf";
    UmTest::spew($forgets, UmTest::slurp($keeps) . "\nUserMgmtEventsKeep 0\n");
    my $mail = 'insert into um_mail (id, kind, due_at, address, username, detail, language, site, created_at)'
        . " values ('$id', 'password_changed', 1, 'a\@example.org', 'a', '', 'en', '', 1)";
    my $request = 'insert into um_requests (site, id, kind, email_key, address, created_at)'
        . " values ('nobody', '$id', 'reset', 'a\@example.org', 'a\@example.org', 1)";
    my @each = (['a mail' => $mail, 'delete from um_mail'], ['a request' => $request, 'delete from um_requests'],
        ['a request, of which the look among the mails is repeated' => $request, 'delete from um_mail']);
    for (@each) {
        my ($what, $row, $statement) = @$_;
        $database->{sql}->($row);
        drop_lost($keeps, "with changed as ($statement", $id, $what);
        $database->{sql}->($row);
        drop_lost($forgets, $statement, $id, "$what, where no events are stored");
    }
    is($database->{sql}->("select count(*) from um_events where kind = 'mail_dropped'"), 3,
        'each has an event where events are stored');
};

# The trigger does what the worker may do before the statement is sent again.
case 'a mail is retried, its answer lost, and it is being sent already' => sub {
    my $id = '00000000-0000-7000-8000-000000000002';
    $database->{sql}->('insert into um_mail (id, kind, due_at, address, username, detail, language, site, created_at)'
        . " values ('$id', 'password_changed', 1, 'a\@example.org', 'a', '', 'en', '', 1)");
    $database->{sql}->("create function take() returns trigger language plpgsql as 'begin new.claim := new.id;"
        . " new.due_at := 9999999999; return new; end'");
    $database->{sql}->('create trigger take before update on um_mail for each row execute procedure take()');
    $proxy->cut('lost', 1, 'with changed as (update um_mail');
    my ($status, $said) = UmTest::run(UmTest::cli(), '--driver', 'pgsql', '--params', $params, qw(mail retry), $id);
    $proxy->cut;
    is($proxy->count . " $status", '1 0', 'the program says that it is done') or diag($said);
    is($database->{sql}->("select count(*) from um_events where kind = 'mail_retried'"), 1, 'it is stored once');
};

# The trigger does what another request may do before the statement is sent again.
case 'a group is renamed, the answer lost, and its former name given to another one' => sub {
    my $name = group();
    $database->{sql}->("create function follow() returns trigger language plpgsql as 'begin insert into um_groups"
        . " (id, name, created_at) values (cast(md5(old.name) as uuid), old.name, 1); return new; end'");
    $database->{sql}->('create trigger follow after update on um_groups for each row execute procedure follow()');
    my $mark = UmTest::mark($log);
    is(lost('update um_groups', PATCH => "$GROUPS$name/", token => $boss->{token}, json => qq({"name":"${name}new"}))
        ->{status}, 200, 'it is answered as done');
    like(told('group_renamed', $mark), qr/ 1\z/, 'and told');
    $database->{sql}->('drop trigger follow on um_groups');
};

cases_done();
