#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Invitations: staff makes an account without a password, and a mail lets its owner set the first one.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 ();
use Test::More;
use UmApi;
use UmCase;
use UmMail;
use UmServer;

my $FIRST = 'Red-House?38';
my $SECOND = 'Green-Door!52';
my $GONE = detail('not_found');
my $LOGIN = faults(non_field_errors => 'login');

sub row {
    my ($account, $columns) = @_;
    return UmTest::sql("select $columns from um_users where id = '$account->{id}'");
}

sub staff {
    my $me = register();
    UmTest::sql("update um_users set is_staff = 1 where id = '$me->{id}'");
    return $me;
}

sub body_of {
    my (%member) = @_;
    return '{"invite":true,' . join(',', map { json_text($_) . ':' . json_text($member{$_}) } sort keys %member) . '}';
}

# Invites, with the token of a member of staff; the account, with its mail's address.
sub invite {
    my ($token, %member) = @_;
    %member = (username => new_name(), email => new_address(), %member);
    my $answer = call(POST => $USERS, token => $token, json => body_of(%member));
    die "invitation failed: $answer->{status} $answer->{body}\n" unless $answer->{status} == 201;
    my $made = json_of($answer);
    return { %$made, path => "$USERS$made->{id}/" };
}

sub events_of {
    my ($account) = @_;
    return join ' ', split /\n/, UmTest::sql("select kind from um_events where user_id = '$account->{id}' order by id");
}

my $boss = staff();

case 'the whole way: invited, mailed, the first password, signed in' => sub {
    my ($name, $address) = (new_name(), new_address());
    my $answer = call(POST => $USERS, token => $boss->{token},
        json => body_of(username => $name, email => $address, first_name => 'Ann'));
    my $made = json_of($answer);
    answer_is($answer, 201, qr/\{"id":"$UUID","username":"\Q$name\E","first_name":"Ann","last_name":"","email":"\Q$address\E".*\}/,
        'the account, as a registration answers it');
    unlike($answer->{body}, qr/auth_token/, 'without a token');
    is_deeply($answer->{head}{location}, ["$USERS$made->{id}/"], 'and where it is');
    is(row($made, 'password, is_active, email_verified'), 'invited|1|0', 'it has no password');

    my $mail = only_mail_to($address);
    is_deeply($mail->{wrong}, [], 'the mail is well-formed');
    is($mail->{subject}, 'Your account at localhost', 'its subject');
    like($mail->{text}, qr/^\Q$name\E$/m, 'it has the name');
    like($mail->{text}, qr{^https://front\.test\.example/reset/\Q$mail->{token}\E$}m, 'and the page of UserMgmtResetURL');
    like($mail->{text}, qr/within 7 days\./, 'and says how long the token is valid');
    like($mail->{html}, qr{<a href="https://front\.test\.example/reset/\Q$mail->{token}\E">}, 'the HTML has the link');
    is(UmTest::sql("select kind, expires_at - created_at from um_one_time_tokens where user_id = '$made->{id}'"),
        'invite|604800', 'the token lasts seven days');

    answer_is(call(POST => $TOKEN, json => qq({"username":"$name","password":"$_"})), 400, $LOGIN,
        "nobody signs in with $_") for 'invited', $FIRST, 'x', '!';
    answer_is(call(POST => $VERIFIED, json => qq({"token":"$mail->{token}"}), port => site_port('verify')), 404, $GONE,
        'the token verifies no address');
    answer_is(validate($mail->{token}), 200, $FINE, 'the token is valid');
    answer_is(confirm($mail->{token}, 'short'), 400, faults(password => 'short'), 'a weak password is refused');
    answer_is(confirm($mail->{token}, $name), 400, qr/\{"password":\["The password is too similar to the username\..*/,
        'a password like the name, too');
    answer_is(confirm($mail->{token}, $FIRST), 200, $FINE, 'the first password is set');
    answer_is(confirm($mail->{token}, $SECOND), 404, $GONE, 'once');
    is(row($made, 'is_active, email_verified'), '1|1', 'the address is verified');
    like(row($made, 'password'), qr/\A\$scrypt\$/, 'and the password is stored as others are');
    ok(login($name, $FIRST), 'the account signs in');
    settle();
    is(scalar(() = mails_to($address)), 1, 'no mail tells of a changed password');
    is(events_of($made), 'invited invitation_accepted', 'both are events');
    is(UmTest::sql("select actor from um_events where user_id = '$made->{id}' and kind = 'invited'"), $boss->{id},
        'it is known who invited');
};

case 'what is refused' => sub {
    my $good = qq("username":"%s","email":"who\@example.org");
    my @refused = (
        [400, faults(username => 'required', email => 'required'), '{"invite":true}', 'nothing'],
        [400, faults(email => 'required'), sprintf('{"invite":true,"username":"%s"}', new_name()), 'no address'],
        [400, faults(email => 'blank'), sprintf('{"invite":true,"username":"%s","email":""}', new_name()), 'blank address'],
        [400, faults(email => 'email'), sprintf('{"invite":true,"username":"%s","email":"x"}', new_name()), 'bad address'],
        [400, faults(password => 'This field cannot be changed here.'),
            sprintf("{\"invite\":true,\"password\":\"$FIRST\",$good}", new_name()), 'a password'],
        [400, faults(username => 'taken'), sprintf("{\"invite\":true,$good}", uc $boss->{username}), 'a taken name'],
        [400, faults(username => 'taken'), sprintf("{\"invite\":true,$good}", 'admin'), 'a reserved name'],
        [400, faults(invite => 'Must be a valid boolean.', password => 'required'),
            sprintf("{\"invite\":\"perhaps\",$good}", new_name()), 'neither true nor false'],
        [400, qr/\{"detail":"JSON parse error - .*"\}/, '{"invite":true,"invite":false}', 'twice'],
    );
    answer_is(call(POST => $USERS, token => $boss->{token}, json => $_->[2]), $_->[0], $_->[1], $_->[3]) for @refused;
    answer_is(call(POST => $USERS, token => $boss->{token}, port => site_port('mute'),
        json => sprintf("{\"invite\":true,$good}", new_name())), 400, faults(invite => 'This site sends no mail.'),
        'a host without mail cannot invite');
    is(UmTest::sql("select count(*) from um_users where email = 'who\@example.org'"), 0, 'none of these made an account');
    my $name = new_name();
    is(call(POST => $USERS, token => $boss->{token}, form => "invite=true&username=$name&email=" . new_address())
        ->{status}, 201, 'a form invites, too');
    is(UmTest::sql("select password from um_users where username = '$name'"), 'invited', 'without a password');
};

case 'others cannot invite: the member is as an unknown one' => sub {
    my $me = register();
    my ($one, $two, $three) = map { new_name() } 1 .. 3;
    answer_is(call(POST => $USERS, json => body_of(username => $one, email => new_address())), 400,
        faults(password => 'required'), 'a stranger: a password is required');
    answer_is(call(POST => $USERS, token => $me->{token}, json => body_of(username => $one, email => new_address())),
        400, faults(password => 'required'), 'an account that is not of the staff: likewise');
    for my $token (undef, $me->{token}) {
        my $name = new_name();
        answer_is(call(POST => $USERS, token => $token, json => body_of(username => $name, password => $FIRST)), 201,
            qr/.*"auth_token":"[^"]+".*/, 'with a password it is an ordinary registration');
        ok(login($name, $FIRST), 'whose password is right');
    }
    answer_is(call(POST => $USERS, json => '{"invite":"perhaps"}'), 400,
        faults(username => 'required', password => 'required'), 'its value is not looked at');
    answer_is(call(POST => $USERS, token => 'a.b.c', json => body_of(username => $one, password => $FIRST)), 401,
        detail('bad_token'), 'a token that is not valid: the caller may be staff');
    answer_is(call(POST => $USERS, token => 'a.b.c', json => qq({"invite":false,"username":"$two","password":"$FIRST"})),
        201, qr/.*"auth_token".*/, 'false asks for nothing');
    is(call(POST => $USERS, token => 'a.b.c', json => qq({"username":"$three","password":"$FIRST"}))->{status}, 201,
        'and without the member credentials are ignored');
    my $options = json_of(call(OPTIONS => $USERS));
    ok(!exists $options->{actions}{POST}{invite}, 'OPTIONS does not tell of it');
};

case 'until it is accepted: resets, changes of the account, a second mail' => sub {
    my $made = invite($boss->{token});
    my $mail = only_mail_to($made->{email});

    # As when the account is made staff meanwhile.
    UmTest::sql("update um_users set version = '$boss->{id}' where id = '$made->{id}'");
    answer_is(validate($mail->{token}), 200, $FINE, 'a new version of the account leaves it valid');

    UmTest::sql("update um_users set is_active = 0 where id = '$made->{id}'");
    answer_is(validate($mail->{token}), 404, $GONE, 'not while it is switched off');
    answer_is(confirm($mail->{token}, $FIRST), 404, $GONE, 'nor can it be confirmed');
    UmTest::sql("update um_users set is_active = 1 where id = '$made->{id}'");

    # The owner of the mailbox may ask for a reset: it sets the first password, too.
    ask_reset($made->{email});
    settle();
    my $reset = (mails_to($made->{email}))[-1];
    is($reset->{subject}, 'Reset your password at localhost', 'an invited account gets the mail of a reset');
    answer_is(confirm($reset->{token}, $FIRST), 200, $FINE, 'which sets the first password');
    is(row($made, 'email_verified'), 1, 'and verifies the address');
    answer_is(validate($mail->{token}), 404, $GONE, 'then the invitation is void');
    answer_is(confirm($mail->{token}, $SECOND), 404, $GONE, 'and changes nothing');
    ok(login($made->{username}, $FIRST), 'the password is the first one');

    my $other = invite($boss->{token});
    my $letter = only_mail_to($other->{email});
    call(PATCH => $other->{path}, token => $boss->{token}, json => '{"email":"' . new_address() . '"}');
    answer_is(validate($letter->{token}), 404, $GONE, 'an invitation is void when the address was changed');

    my $late = invite($boss->{token});
    my $old = only_mail_to($late->{email});
    UmTest::sql("update um_one_time_tokens set expires_at = 1 where user_id = '$late->{id}'");
    answer_is(validate($old->{token}), 404, $GONE, 'and when it has expired');
    answer_is(confirm($old->{token}, $FIRST), 404, $GONE, 'an expired one sets no password');
    is(row($late, 'password, email_verified'), 'invited|0', 'the account is as it was');
    is(call(POST => "$late->{path}reset/", token => $boss->{token})->{status}, 202, 'staff sends it again');
    settle();
    my $again = (mails_to($late->{email}))[-1];
    is($again->{subject}, $old->{subject}, 'as an invitation');
    answer_is(confirm($again->{token}, $FIRST), 200, $FINE, 'with a token that is valid');
};

case 'two invitations at the same instant, one account' => sub {
    my $second = staff();
    for my $round (1 .. 4) {
        my $name = new_name();
        my @answers = race(map {
            request_text(POST => $USERS, token => $_->{token}, json => body_of(username => $name, email => new_address()))
        } $boss, $second, $boss, $second);
        is(join(' ', sort map { $_->{status} } @answers), '201 400 400 400', "round $round: one is made");
        is(UmTest::sql("select count(*) from um_mail m join um_users u on u.id = m.user_id where u.username = '$name'"), 1,
            'and one mail');
        my $refused = (grep { $_->{status} == 400 } @answers)[0];
        is($refused->{body}, faults(username => 'taken'), 'the others are told that the name is taken');
    }
    my $made = invite($boss->{token});
    my $mail = only_mail_to($made->{email});
    my @answers = race(map {
        request_text(POST => $CONFIRM, json => qq({"token":"$mail->{token}","password":"$_"}))
    } $FIRST, $SECOND, $FIRST, $SECOND);
    is(join(' ', sort map { $_->{status} } @answers), '200 404 404 404', 'an invitation is accepted once');
};

case 'a refused sign-in tells nothing' => sub {
    # A hash that takes longer than the rest, and than the 10 ms in which the system counts CPU time.
    my $database = new_database();
    my $inbox = UmTest::new_folder();
    my $server = UmServer->start($database, <<"END", children => 1);
UserMgmtMail "file:$inbox"
UserMgmtPasswordHash "scrypt ln=15 r=8 p=1"
END
    local $UmApi::PORT = $server->{port};
    my ($known, $staff) = (register(), register());
    $database->{sql}->("update um_users set is_staff = 1 where id = '$staff->{id}'");
    my %name = (invited => invite($staff->{token})->{username}, known => $known->{username}, unknown => new_name());
    my %cpu;
    # They take turns, so that other load of the machine affects all of them alike.
    for my $round (1 .. 8) {
        for my $kind (sort keys %name) {
            my $before = $server->cpu;
            my $answer = call(POST => $TOKEN, json => qq({"username":"$name{$kind}","password":"Wrong-House?38"}));
            $cpu{$kind} += $server->cpu - $before;
            answer_is($answer, 400, $LOGIN, "$kind: the same answer") if $round == 1;
        }
    }
    note(join ', ', map { sprintf '%s: %.2f s', $_, $cpu{$_} } sort keys %cpu);
    for my $kind (qw(invited known)) {
        cmp_ok($cpu{$kind}, '>', 0.5 * $cpu{unknown}, "$kind: no less work than for an unknown name");
        cmp_ok($cpu{$kind}, '<', 2 * $cpu{unknown}, 'and not more');
    }
};

case 'Basic lets nobody in to an account without a password' => sub {
    my $made = invite($boss->{token});
    answer_is(call(GET => '/private/', any => 1, headers => ['Authorization: Basic '
        . MIME::Base64::encode_base64("$made->{username}:invited", '')]), 401, qr/.*/s, 'neither the word in the database');
};

case 'UserMgmtRegistration invite' => sub {
    my $database = new_database();
    my $inbox = UmTest::new_folder();
    my $lines = <<"END";
UserMgmtMail "file:$inbox"
UserMgmtInviteURL "https://front.test.example/welcome/{token}"
UserMgmtInviteLifetime 2h
END
    my $server = UmServer->start($database, $lines);
    local $UmApi::PORT = $server->{port};
    my ($me, $staff) = (register(), register());
    $database->{sql}->("update um_users set is_staff = 1 where id = '$staff->{id}'");
    $server->configure("${lines}UserMgmtRegistration invite\n");
    ok($server->graceful, 'new settings');
    my $closed = detail('You do not have permission to perform this action.');
    my $new = qq({"username":"novice","password":"$FIRST"});
    answer_is(call(POST => $USERS, json => $new), 403, $closed, 'registration is closed');
    answer_is(call(POST => $USERS, body => '{"bro', type => 'application/json'), 403, $closed, 'before the body is read');
    answer_is(call(POST => $USERS, token => $me->{token}, json => $new), 403, $closed, 'to accounts as well');
    answer_is(call(POST => $USERS, token => $me->{token}, json => body_of(username => 'novice', email => 'n@example.org')),
        403, $closed, 'who cannot invite, either');
    answer_is(call(POST => $USERS, token => 'a.b.c', json => $new), 401, detail('bad_token'), 'a stale token gets 401');
    answer_is(call(POST => $USERS, token => $staff->{token}, json => $new), 403, $closed,
        'staff registers nobody with a password');
    answer_is(call(POST => $USERS, token => $staff->{token}, json => '{"invite":false}'), 403, $closed, 'nor with false');
    my $made = invite($staff->{token}, username => 'novice', email => 'n@example.org');
    settle(sql => $database->{sql});
    my @mails = mails_in($inbox, 'n@example.org');
    is(scalar @mails, 1, 'staff invites');
    like($mails[0]{text}, qr{^https://front\.test\.example/welcome/\Q$mails[0]{token}\E$}m, 'to the page of UserMgmtInviteURL');
    like($mails[0]{text}, qr/within 2 hours\./, 'for UserMgmtInviteLifetime');
    answer_is(confirm($mails[0]{token}, $FIRST), 200, $FINE, 'the invitation is accepted');
    ok(login('novice', $FIRST), 'and the account signs in');
    is(call(OPTIONS => $USERS)->{status}, 200, 'OPTIONS is answered');

    # The command line, whose mails are those of the host.
    my $usermgmt = sub {
        return UmTest::run(UmTest::cli(), '--httpd', UmTest::httpd(), '--config', "$server->{folder}/httpd.conf", @_);
    };
    my ($status, $said) = $usermgmt->(qw(user invite carol carol@example.org --first-name Carol --json));
    is($status, 0, 'usermgmt user invite') or diag($said);
    like($said, qr/\{"id":"$UUID","username":"carol","email":"carol\@example\.org"\}/, 'prints the account');
    ($status, $said) = $usermgmt->(qw(user invite CAROL other@example.org));
    ok($status == 1 && $said =~ /CAROL: username: \Q$SAY{taken}\E/, 'a taken name is refused') or diag($said);
    ($status, $said) = $usermgmt->(qw(user invite dave x));
    ok($status == 1 && $said =~ /dave: email: \Q$SAY{email}\E/, 'and what is no address') or diag($said);
    ($status, $said) = UmTest::run(UmTest::cli(), '--driver', $database->{driver}, '--params', $database->{params},
        qw(user invite dave dave@example.org));
    ok($status == 2 && $said =~ /say which site sends the mail/, 'without the configuration no site can send the mail')
        or diag($said);
    settle(sql => $database->{sql});
    my ($first) = mails_in($inbox, 'carol@example.org');
    like($first->{text}, qr{/welcome/\Q$first->{token}\E$}m, 'the host sends the mail');
    ($status, $said) = $usermgmt->(qw(user reset carol));
    is($status, 0, 'usermgmt user reset sends it again') or diag($said);
    settle(sql => $database->{sql});
    @mails = mails_in($inbox, 'carol@example.org');
    is(scalar @mails, 2, 'another mail');
    is($mails[1]{subject}, $mails[0]{subject}, 'which is an invitation, too');
    answer_is(confirm($mails[1]{token}, $FIRST), 200, $FINE, 'its token sets the password');
    answer_is(validate($mails[0]{token}), 404, $GONE, 'and then the earlier one is void');
    is($database->{sql}->("select count(*) from um_events where kind = 'invited' and actor = 'cli'"), 2,
        'the events say that it was the command line');
    is($database->{sql}->("select count(*) from um_users where username = 'dave'"), 0, 'what was refused made no account');
    is($server->crashes, '', 'no process of the server crashed');
};

api_done();
