#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# UserMgmtEmailChange confirm: a new address takes effect when the token that was mailed to it is used, and not before.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmCase;
use UmMail;
use UmServer;

my $GONE = detail('not_found');
my $TAKEN = faults(email => 'A user with that email address already exists.');
my $folder = UmTest::new_folder();
my $database = new_database();
my $sql = $database->{sql};
my $shared_port = free_port();
my $audit = UmTest::new_folder() . '/audit.log';

# The site's own texts: that of the new address has the name.
my $texts = UmTest::new_folder();
for my $file (glob UmTest::sources() . '/conf/mail/*') {
    my $more = $file =~ /email_change\.en\.txt\z/ ? "Name: {username}\n" : '';
    UmTest::spew("$texts/" . ($file =~ s{.*/}{}r), UmTest::slurp($file) . $more);
}
my $server = UmServer->start($database, <<"END", children => 1);
UserMgmtMailTemplates $texts
UserMgmtMail file:$folder
UserMgmtEmailChange confirm
UserMgmtUniqueEmail On
UserMgmtAuditLog $audit
UserMgmtVerifyURL "https://front.test.example/verify/{token}"
Listen 127.0.0.1:$shared_port
<VirtualHost 127.0.0.1:$shared_port>
    UserMgmt On
    UserMgmtEmailChange direct
    UserMgmtUniqueEmail Off
</VirtualHost>
END
$UmApi::PORT = $server->{port};

sub sent_to {
    my ($address) = @_;
    settle(sql => $sql);
    return mails_in($folder, $address);
}

# The token of the last mail to an address.
sub token_to { return (sent_to($_[0]))[-1]{token} }

sub patch {
    my ($me, $json, %with) = @_;
    return call(PATCH => $me->{path}, token => $me->{token}, json => $json, %with);
}

sub move { my ($me, $to, %with) = @_; return patch($me, qq({"email":"$to"}), %with) }

sub own { my ($me) = @_; return json_of(call(GET => $me->{path}, token => $me->{token})) }

sub use_token { return call(POST => $VERIFIED, json => '{"token":' . json_text($_[0]) . '}') }

sub events_of {
    my ($me) = @_;
    return join ' ', split /\n/, $sql->("select kind from um_events where user_id = '$me->{id}' order by id");
}

# What the last line of the audit log has of an event of this kind.
sub last_line {
    my ($kind) = @_;
    my ($line) = grep { /"event":"$kind"/ } reverse split /\n/, UmTest::slurp($audit);
    return $line || '';
}

case 'until the token is used, the account has the old address, and its owner sees both' => sub {
    my ($old, $new) = (new_address(), new_address());
    my $me = register(email => $old);
    my $r = move($me, $new);
    is($r->{status}, 200, 'PATCH');
    is_deeply(json_of($r), { %{ own($me) } }, 'the answer is that of GET');
    is(own($me)->{email}, $old, 'the address is the old one');
    is(own($me)->{pending_email}, $new, 'the new one is pending');
    is($sql->("select email from um_users where id = '$me->{id}'"), $old, 'in the database, too');
    is(events_of($me), 'registered', 'there is no event yet');
    my @mails = sent_to($new);
    is(scalar @mails, 1, 'one mail to the new address');
    is($mails[0]{subject}, 'Confirm your new e-mail address for localhost', 'its subject');
    is_deeply($mails[0]{wrong}, [], 'it is well-formed');
    like($mails[0]{text}, qr/^Name: \Q$new\E$/m, 'the address in place of the name');
    unlike("$mails[0]{text}$mails[0]{html}", qr/\Q$me->{username}\E/, 'without the name, which may be anything');
    like($mails[0]{text}, qr{^https://front\.test\.example/verify/\Q$mails[0]{token}\E$}m, 'the link');
    like($mails[0]{text}, qr/within 3 days\./, 'and how long it is valid');
    is(scalar(() = sent_to($old)), 0, 'none to the old address');
    answer_is(validate($mails[0]{token}), 404, $GONE, 'the token resets no password');
    ask_reset($new);
    is(scalar(() = sent_to($new)), 1, 'no reset mail goes to the new address');

    answer_is(use_token($mails[0]{token}), 200, $FINE, 'the token is used');
    is(own($me)->{email}, $new, 'now the new address is that of the account');
    ok(!exists own($me)->{pending_email}, 'and nothing is pending');
    is($sql->("select email_claim || ' ' || email_verified from um_users where id = '$me->{id}'"), "$new 1",
        'it is claimed and verified');
    is($sql->("select count(*) from um_email_changes where user_id = '$me->{id}'"), 0, 'the row is gone');
    is(events_of($me), 'registered email_changed', 'there is the event');
    like(last_line('email_changed'), qr/"outcome":"ok".*"user_id":"$me->{id}"|"user_id":"$me->{id}".*"outcome":"ok"/,
        'and the line of the audit log');
    my @notices = sent_to($old);
    is(scalar @notices, 1, 'the old address gets the notice');
    like($notices[0]{text}, qr/\Q$new\E/, 'with the new one');
    answer_is(use_token($mails[0]{token}), 404, $GONE, 'the token is good once');
    is(call(GET => $me->{path}, token => $me->{token})->{status}, 200, 'no session has ended');
};

case 'what else is in the body changes at once, and another spelling needs no token' => sub {
    my $me = register(email => my $old = new_address());
    my $new = new_address();
    my $r = json_of(patch($me, qq({"first_name":"Ann","email":"$new"})));
    is("$r->{first_name} $r->{email} $r->{pending_email}", "Ann $old $new", 'the name is changed');
    my $token = token_to($new);
    is(patch($me, qq({"last_name":"Lee","email":"$old"}))->{status}, 200, 'a form that sends the old address');
    is(own($me)->{pending_email}, $new, 'leaves the new one pending');
    my $spelled = ucfirst $old;
    is(json_of(patch($me, qq({"last_name":"Li","email":"$spelled"})))->{email}, $spelled,
        'another spelling of the old one takes effect at once');
    is(own($me)->{pending_email}, $new, 'and the change is still pending');
    for my $bad ('x', 'a@b', '') {
        my $r = move($me, $bad);
        is($r->{status}, $bad eq '' ? 200 : 400, "'$bad'");
    }
    ok(!own($me)->{pending_email}, 'without an address, nothing is pending');
    answer_is(use_token($token), 404, $GONE, 'and the token is not valid');
    is(json_of(move($me, $new))->{email}, '', 'an account without an address gets none at once, either');
    answer_is(use_token(token_to($new)), 200, $FINE, 'but by the token');
    is(own($me)->{email}, $new, 'it has it');
};

case 'the present address alone withdraws a change' => sub {
    my $me = register(email => my $old = new_address());
    my $new = new_address();
    for my $present ($old, ucfirst $old) {
        my $r = json_of(move($me, $new));
        is($r->{pending_email}, $new, 'a change is pending');
        my $token = token_to($new);
        $r = move($me, $present);
        is_deeply(json_of($r), { %{ own($me) } }, "$present: the answer is that of GET");
        ok($r->{status} == 200 && !exists own($me)->{pending_email}, 'nothing is pending');
        is($sql->("select count(*) from um_email_changes where user_id = '$me->{id}'"), 0, 'and no row is left');
        answer_is(use_token($token), 404, $GONE, 'the token is void');
        is(own($me)->{email}, $present, 'the address is the old one');
    }
    is(move($me, $old)->{status}, 200, 'without a change there is nothing to withdraw');
    is($sql->("select count(*) from um_email_changes where user_id = '$me->{id}'"), 0, 'nor is anything stored');
    my $waits = new_address();
    my $staff = register(email => new_address());
    $sql->("update um_users set is_staff = 1 where id = '$staff->{id}'");
    move($me, $waits);
    is(call(PATCH => $me->{path}, token => $staff->{token}, json => qq({"email":"$old"}))->{status}, 200, 'staff');
    ok(!exists own($me)->{pending_email}, 'withdraws, too');
};

case 'a change ends with a newer one, a new password, and its time' => sub {
    my $me = register(email => my $old = new_address());
    my ($first, $second) = (new_address(), new_address());
    move($me, $first);
    my $token = token_to($first);
    move($me, $second);
    answer_is(use_token($token), 404, $GONE, 'the token of the change before');
    is(own($me)->{pending_email}, $second, 'the newer one is pending');
    $token = token_to($second);
    move($me, $second);
    my $again = token_to($second);
    isnt($again, $token, 'the same change again gets another mail');
    my $r = call(POST => $me->{path}, token => $me->{token},
        json => qq({"old_password":"$me->{password}","new_password":"Red-House?38"}));
    $me->{token} = json_of($r)->{token};
    ok(!own($me)->{pending_email}, 'a new password');
    answer_is(use_token($_), 404, $GONE, 'ends its tokens') for $token, $again;
    move($me, $first);
    $token = token_to($first);
    $sql->("update um_one_time_tokens set expires_at = 1 where user_id = '$me->{id}'");
    $sql->("update um_email_changes set expires_at = 1 where user_id = '$me->{id}'");
    ok(!own($me)->{pending_email}, 'after its time');
    answer_is(use_token($token), 404, $GONE, 'the token is void');
    is(own($me)->{email}, $old, 'the address is still the old one');
    move($me, $first);
    $token = token_to($first);
    $sql->("update um_users set is_active = 0 where id = '$me->{id}'");
    answer_is(use_token($token), 404, $GONE, 'nor does an account that was switched off change');
};

case 'an address is pending as long as its token is valid' => sub {
    my $me = register(email => new_address());
    move($me, my $new = new_address());
    token_to($new);
    is($sql->("select p.expires_at - t.expires_at from um_email_changes p join um_one_time_tokens t"
        . " on t.user_id = p.user_id where p.user_id = '$me->{id}'"), 0, 'both expire at one time');
};

case 'who has an address is decided when it is confirmed' => sub {
    my $new = new_address();
    my @both = map { register(email => new_address()) } 1, 2;
    is(move($_, $new)->{status}, 200, 'an account asks for it') for @both;
    my @tokens = map { $_->{token} } sent_to($new);
    is(scalar @tokens, 2, 'two tokens');
    answer_is(use_token($tokens[0]), 200, $FINE, 'the first one gets it');
    answer_is(use_token($tokens[1]), 400, $TAKEN, 'the second one does not');
    my ($loser) = grep { own($_)->{email} ne $new } @both;
    ok(own($loser)->{pending_email}, 'and is still pending');
    like(last_line('email_changed'), qr/"address_taken"/, 'the reason is in the audit log');
    is(events_of($loser), 'registered', 'and no event in the database');
    my ($winner) = grep { $_ != $loser } @both;
    is(call(DELETE => $winner->{path}, token => $winner->{token})->{status}, 204, 'the winner goes');
    answer_is(use_token($tokens[1]), 200, $FINE, 'then the same token is good');
    my $owned = new_address();
    register(email => $owned);
    my $r = move($loser, $owned);
    is($r->{status}, 200, 'an address that an account has already gets the same answer');
    is(json_of($r)->{pending_email}, $owned, 'and is pending');
    answer_is(use_token(token_to($owned)), 400, $TAKEN, 'until it is confirmed');
    my $unclaimed = new_address();
    { local $UmApi::PORT = $shared_port; register(email => $unclaimed) }
    move($loser, $unclaimed);
    answer_is(use_token(token_to($unclaimed)), 400, $TAKEN, 'also one that an account has and does not claim');
};

case 'of uses of one token at the same moment, one succeeds' => sub {
    my $me = register(email => new_address());
    move($me, my $new = new_address());
    my $token = token_to($new);
    my @answers = race(map { request_text(POST => $VERIFIED, json => qq({"token":"$token"})) } 1 .. 8);
    is(join(' ', sort map { $_->{status} } @answers), '200 404 404 404 404 404 404 404', 'one 200');
    is(events_of($me), 'registered email_changed', 'one event');
};

case 'staff sees the pending address and others see nothing' => sub {
    my ($me, $staff, $other) = map { register(email => new_address()) } 1 .. 3;
    $sql->("update um_users set is_staff = 1 where id = '$staff->{id}'");
    move($me, my $new = new_address());
    is(json_of(call(GET => $me->{path}, token => $staff->{token}))->{pending_email}, $new, 'staff');
    answer_is(call(GET => $me->{path}, token => $other->{token}), 404, $GONE, 'another');
    my $r = call(GET => $me->{path}, token => $me->{token});
    my $tag = $r->{head}{etag}[0];
    is(move($me, new_address(), headers => ["If-Match: $tag"])->{status}, 200, 'the ETag is that of what is shown');
    is(move($me, new_address(), headers => ["If-Match: $tag"])->{status}, 412, 'and changes with what is pending');
};

case 'a deleted account leaves nothing, and direct is as before' => sub {
    my $me = register(email => new_address());
    move($me, my $new = new_address());
    my $token = token_to($new);
    is(call(DELETE => $me->{path}, token => $me->{token})->{status}, 204, 'deleted');
    is($sql->("select count(*) from um_email_changes where user_id = '$me->{id}'"), 0, 'no row is left');
    answer_is(use_token($token), 404, $GONE, 'the token is void');
    local $UmApi::PORT = $shared_port;
    my $she = register(email => new_address());
    my $r = json_of(move($she, $new));
    is($r->{email}, $new, 'direct');
    ok(!exists $r->{pending_email}, 'nothing is pending');
};

case 'the worker deletes changes after their time' => sub {
    my $me = register(email => new_address());
    move($me, new_address());
    settle(sql => $sql);
    $sql->("update um_email_changes set expires_at = 1 where user_id = '$me->{id}'");
    $server->graceful;
    ok(UmServer::await(90, sub { $sql->("select count(*) from um_email_changes where user_id = '$me->{id}'") == 0 }),
        'the row is gone');
};

is($server->crashes, '', 'no process of the server crashed');
api_done();
