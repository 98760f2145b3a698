#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The pages for staff: finding accounts and mending them, groups, mails, throttles and health, without a script. Nobody
# else sees them or does what they do.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Test::More;
use UmApi;
use UmCase;
use UmLocations;
use UmPages;
use UmReceiver;
use UmServer;
use UmTest ();

my $mails = UmTest::new_folder();
my $log = UmTest::new_folder() . '/audit.log';
my ($invite, $closed) = (free_port(), free_port());
my $receiver = UmReceiver->start_plain;
my ($secret) = secret_file(1);
my $site = pages_site(UmTest::load_modules('remoteip') . <<"END");
RemoteIPHeader X-Client
RemoteIPInternalProxy 127.0.0.1
UserMgmtMail file:$mails
UserMgmtResetURL auto
UserMgmtInviteURL auto
UserMgmtAuditLog $log
UserMgmtProfile nickname text max=30
UserMgmtWebhook @{[$receiver->url('hook')]} $secret mail.* throttle.*
UserMgmtWebhookAllow 127.0.0.1 ::1
Listen 127.0.0.1:$invite
<VirtualHost 127.0.0.1:$invite>
    UserMgmt On
    UserMgmtPages On
    UserMgmtRegistration invite
</VirtualHost>
Listen 127.0.0.1:$closed
<VirtualHost 127.0.0.1:$closed>
    UserMgmt On
    UserMgmtPages On
    UserMgmtRegistration off
</VirtualHost>
END
my $sql = $site->{database}{sql};
my $STAFF = "${PAGES}staff/";

sub text_of_page { return UmPages::text($_[0]) }

sub sign_in {
    my ($account) = @_;
    my $browser = UmPages->new;
    $browser->go("${PAGES}sign-in/");
    my $page = $browser->send({ username => $account->{username}, password => $account->{password} });
    die "$account->{username} cannot sign in: $page->{status} $page->{body}\n" unless $page->{path} eq $PAGES;
    return $browser;
}

my $admin = enrol('chief', staff => 1);
my $browser = sign_in($admin);

# The sign-in of a browser's account becomes so many seconds old.
sub age {
    my ($account, $seconds) = @_;
    my $time = time - $seconds;
    $sql->("update um_sessions set created_at = $time where user_id = '$account->{id}'");
    return;
}

# The kinds of events of an account that chief has caused, as they are stored.
sub events_of {
    my ($account) = @_;
    return join ' ', map { $_->{event} } grep { ($_->{by} // '') eq $admin->{id} }
        reverse @{ json_of(ask(GET => "$USERS$account->{id}/events/", token => $admin->{token}))->{results} };
}

sub shown { return json_of(ask(GET => "$USERS$_[0]{id}/", token => $admin->{token})) }

sub page_of { return $browser->go("${STAFF}account/?id=$_[0]{id}") }

# Sends the form of an act; the page that follows.
sub act {
    my ($account, $action, %fields) = @_;
    page_of($account);
    return $browser->send(\%fields, form => qr/name="action" value="$action"/);
}

sub done_is {
    my ($page, $key, $what) = @_;
    my $is_right = is($page->{status}, 200, $what) & like($page->{path}, qr/[?&]done=$key\z/, "$what: it says so")
        & like($page->{body}, qr/role="status"><p>[^<]/, "$what: in words");
    diag(substr text_of_page($page), 0, 1000) unless $is_right;
    return;
}

# ---- accounts --------------------------------------------------------------------------------------------------------

case 'accounts are found' => sub {
    my %made = map { $_ => enrol($_) } map { "finder$_" } qw(a b c);
    enrol('other<b>&"x' =~ s/[^a-z]//gr, groups => ['crew']);
    my $page = $browser->go("$STAFF?search=finder");
    is($page->{status}, 200, 'the list is shown');
    like(text_of_page($page), qr/\b$_\b/, "$_ is found") for sort keys %made;
    unlike(text_of_page($page), qr/otherbx/, 'others are not');
    like($page->{body}, qr/name="search" [^>]*value="finder"/, 'the filter stays');
    $page = $browser->go("$STAFF?search=finder&page_size=2&ordering=username&done=account_deleted");
    my ($next) = $page->{body} =~ /rel="next" href="([^"]+)"/;
    ok($next, 'there is a next page');
    unlike($next, qr/done=/, 'whose link does not say again what was done');
    $page = $browser->go(UmPages::unescape($next));
    like(text_of_page($page), qr/finderc/, 'which goes on');
    like($page->{body}, qr/rel="prev"/, 'and leads back');
    like($page->{body}, qr/<option value="username" selected>/, 'in the same order');
    like(text_of_page($browser->go("$STAFF?group=crew")), qr/otherbx/, 'by group');
    like(text_of_page($browser->go("$STAFF?is_staff=true")), qr/\bchief\b/, 'by rights');
    unlike(text_of_page($browser->go("$STAFF?is_active=false")), qr/finder/, 'by state');
    $page = $browser->go("$STAFF?is_active=perhaps&ordering=shoe");
    is($page->{status}, 400, 'a faulty query is answered');
    like($page->{body}, qr/<form[^>]*role="search"/, 'with the page');
    like($page->{body}, qr/role="alert".*href="#ordering"/s, 'that names the fault');
    $page = $browser->go("$STAFF?cursor=nonsense");
    is($page->{status}, 404, 'a link that is not valid any more');
    like($page->{body}, qr/<form[^>]*role="search"/, 'shows the page, too');
};

case 'an account is shown with all that belongs to it' => sub {
    my $account = enrol('shown', groups => ['team']);
    ask(PATCH => "$USERS$account->{id}/", token => $account->{token},
        json => '{"first_name":"<i>Ann</i>","last_name":"\"Q\" & A","nickname":"<u>"}');
    done_is(act($account, 'reset'), 'account_reset', 'a reset mail is asked for');
    ok(await(20, sub { glob "$mails/*" }), 'it is sent');
    my $page = page_of($account);
    like($page->{body}, qr/value="&lt;i&gt;Ann&lt;\/i&gt;"/, 'names are escaped');
    like($page->{body}, qr/value="&lt;u&gt;"/, 'the site\'s own fields, too');
    unlike($page->{body}, qr/<[iu]>/, 'nothing of them is markup');
    my $text = text_of_page($page);
    like($text, qr/\bteam\b/, 'its groups');
    like($text, qr/127\.0\.0\.1/, 'its sessions');
    like($text, qr/Account created|registered/i, 'its events');
    like($text, qr/New password/, 'its mails');
    cmp_ok(length $page->{body}, '<', 30_000, 'the page is small');
    like(text_of_page(page_of($admin)), qr/your own account/i, 'staff is told when it is their own');
    is($browser->go("${STAFF}account/?id=$_")->{status}, 404, "there is no account '$_'")
        for '', 'x', '018bcfe5-0000-7000-8000-000000000001', '%3Cb%3E';
    is($browser->go("${STAFF}account/")->{status}, 404, 'an id is needed');
};

case 'an account is changed' => sub {
    my $account = enrol('changed');
    done_is(act($account, 'profile', first_name => 'New', last_name => 'Name', nickname => 'nick'), 'account_saved',
        'the profile is saved');
    is_deeply([@{ shown($account) }{qw(first_name last_name nickname)}], [qw(New Name nick)], 'and stored');
    my $page = act($account, 'profile', first_name => 'x' x 151);
    is($page->{status}, 400, 'a name that is too long is refused');
    like($page->{body}, qr/id="first_name-error".*?150/s, 'the field says so');
    like(text_of_page($page), qr/\bchanged\b/, 'the page is still that of the account');
    done_is(act($account, 'email', email => 'new@example.org'), 'account_saved', 'the address is changed');
    is(shown($account)->{email}, 'new@example.org', 'and stored');
    done_is(act($account, 'verify'), 'account_verified', 'it is taken as confirmed');
    ok(shown($account)->{email_verified}, 'and stored');
    done_is(act($account, 'unverify'), 'account_unverified', 'it is not taken as confirmed any more');
    done_is(act($account, 'staff_on'), 'staff_on', 'it gets rights');
    ok(shown($account)->{is_staff}, 'and has them');
    done_is(act($account, 'staff_off'), 'staff_off', 'they are taken away');
    done_is(act($account, 'disable'), 'account_off', 'it is switched off');
    ok(!shown($account)->{is_active}, 'and is off');
    done_is(act($account, 'enable'), 'account_on', 'it is switched on');
    is(events_of($account),
        'account_updated email_changed email_verified email_unverified staff_given staff_taken account_off account_on',
        'each change is an event');
};

case 'its groups are changed' => sub {
    my $account = enrol('grouped', groups => ['first']);
    $browser->go("${STAFF}groups/");
    done_is($browser->send({ name => 'second' }), 'group_created', 'a group is made');
    is($browser->send({ name => 'second' })->{status}, 400, 'it is there already');
    done_is(act($account, 'group_add', group => 'second'), 'group_added', 'the account joins it');
    unlike($browser->{page}{path}, qr/second/, 'the link has the account alone');
    is_deeply(shown($account)->{groups}, [qw(first second)], 'it is in both');
    my $page = act($account, 'group_add', group => 'third');
    is($page->{status}, 404, 'a group that is not there');
    like(text_of_page($page), qr/no such group/, 'is named as such');
    page_of($account);
    done_is($browser->send({ group => 'first' }, form => qr/value="group_remove"/), 'group_removed', 'it leaves one');
    is_deeply(shown($account)->{groups}, ['second'], 'it is in the other');
    is(events_of($account), 'group_added group_dropped', 'both are events');
};

case 'its sessions are ended' => sub {
    my $account = enrol('signed');
    my $other = sign_in($account);
    page_of($account);
    my ($session) = $sql->("select id from um_sessions where user_id = '$account->{id}' order by created_at desc, id desc limit 1");
    done_is($browser->send({ session => $session }, form => qr/value="end_session"/), 'account_session_ended', 'one ends');
    like($other->go($PAGES)->{path}, qr/sign-in/, 'that browser is signed out');
    $other = sign_in($account);
    done_is(act($account, 'end_sessions'), 'account_sessions_ended', 'all end');
    like($other->go($PAGES)->{path}, qr/sign-in/, 'every browser is signed out');
    is(act($admin, 'end_session', session => $session)->{status}, 404, 'the session of another account is not ended');
};

case 'it is deleted once that is confirmed' => sub {
    my $account = enrol('doomed');
    my $page = act($account, 'delete');
    is($page->{status}, 400, 'the box must be ticked');
    like($page->{body}, qr/id="confirm-error"/, 'the page says so');
    like(text_of_page($page), qr/\bdoomed\b/, 'it still shows the account');
    $page = act($account, 'delete', confirm => 'yes');
    done_is($page, 'account_deleted', 'then it is deleted');
    is(page_of($account)->{status}, 404, 'and gone');
};

case 'accounts are made' => sub {
    my $sessions = join ' ', $sql->("select id from um_sessions where user_id = '$admin->{id}'");
    my $password = good_password();
    my $page = $browser->go("${STAFF}new/");
    $page = $browser->send({ username => 'made', password => $password, email => 'made@example.org', first_name => 'M' });
    done_is($page, 'account_created', 'one with a password');
    like(text_of_page($page), qr/\bmade\b/, 'its page is shown');
    like($browser->go($PAGES)->{body}, qr/\bchief\b/, 'chief is still chief');
    my ($id) = $sql->("select id from um_users where username = 'made'");
    is(join(' ', $sql->("select count(*) from um_sessions where user_id = '$id'")), '0', 'nobody is signed in to it');
    ok(sign_in({ username => 'made', password => $password }), 'its owner can sign in');
    $browser->go("${STAFF}new/");
    $page = $browser->send({ username => 'gwendolyn', email => 'gwendolyn@example.org', password => '' });
    done_is($page, 'account_invited', 'one without: an invitation');
    $browser->go("${STAFF}new/");
    $page = $browser->send({ username => 'gwendolyn', email => 'no address', password => '1234' });
    is($page->{status}, 400, 'what is wrong is refused');
    like($page->{body}, qr/id="username-error".*id="email-error".*id="password-error"/s, 'each field says so');
    like($page->{body}, qr/name="username" value="gwendolyn"/, 'what was typed is still there');
    unlike($page->{body}, qr/1234/, 'but for the password');
    is(join(' ', $sql->("select id from um_sessions where user_id = '$admin->{id}'")), $sessions, 'chief has no new session');
};

case 'the rules of registration hold' => sub {
    my @staff = (token => $admin->{token}, any => 1);
    my $page = call(GET => "${STAFF}new/", @staff, port => $invite);
    like($page->{body}, qr/name="email"[^>]* required.*<button>\s*Send invitation/s, 'an invitation needs an address');
    is($page->{status}, 200, 'where accounts are made by invitation');
    unlike($page->{body}, qr/type="password"/, 'staff sets no password');
    my ($cookie) = $page->{head}{'set-cookie'}[0] =~ /\A([^;]+)/;
    my ($csrf) = $page->{body} =~ /name="csrf" value="([^"]+)"/;
    $page = call(POST => "${STAFF}new/", @staff, port => $invite, 
        headers => ["Cookie: $cookie", 'Origin: http://localhost', 'Sec-Fetch-Site: same-origin'],
        form => UmPages::form_text(csrf => $csrf, username => 'invitedonly', email => 'invitedonly@example.org',
            password => good_password()));
    like($page->{head}{location}[0], qr/done=account_invited\z/, 'whoever it makes is invited')
        or diag("$page->{status} $page->{body}");
    is(call(GET => "${STAFF}new/", @staff, port => $closed)->{status}, 403, 'where nobody makes accounts, staff does not');
};

# ---- groups ----------------------------------------------------------------------------------------------------------

case 'groups are shown, renamed and deleted' => sub {
    my @members = map { enrol($_) } qw(memberone membertwo);
    $browser->go("${STAFF}groups/");
    $browser->send({ name => 'a+b@c' });
    my $url = "${STAFF}group/?group=a%2bb%40c";
    like($browser->go("${STAFF}groups/")->{body}, qr/href="\Q$url\E"/, 'a group has a page');
    $browser->go($url);
    is($browser->send({ username => 'nobodyatall' }, form => qr/value="add"/)->{status}, 400, 'nobody of that name');
    is($browser->send({ username => '' }, form => qr/value="add"/)->{status}, 400, 'no name');
    done_is($browser->send({ username => $_->{username} }, form => qr/value="add"/), 'group_added',
        "$_->{username} joins") for @members;
    like(text_of_page($browser->go($url)), qr/memberone.*membertwo|membertwo.*memberone/s, 'both are listed');
    my $page = $browser->go("$url&page_size=1");
    my ($next) = $page->{body} =~ /rel="next" href="([^"]+)"/;
    is(() = $next =~ /group=/g, 1, 'the next page is one of the group');
    is($browser->go(UmPages::unescape($next))->{status}, 200, 'and there');
    $browser->go($url);
    done_is($browser->send({ id => $members[0]{id} }, form => qr/value="remove"/), 'group_removed', 'one leaves');
    is($browser->send({ name => 'has blanks' }, form => qr/value="rename"/)->{status}, 400, 'a name must be one');
    $browser->go($url);
    done_is($browser->send({ name => 'renamed' }, form => qr/value="rename"/), 'group_renamed', 'the group is renamed');
    like($browser->{page}{path}, qr/group=renamed&/, 'its page goes with it');
    like(text_of_page($browser->{page}), qr/membertwo/, 'and its members');
    is($browser->go($url)->{status}, 404, 'the former name is gone');
    is($browser->go("${STAFF}group/")->{status}, 404, 'a name is needed');
    $browser->go("${STAFF}group/?group=renamed");
    is($browser->send({}, form => qr/value="delete"/)->{status}, 400, 'deleting must be confirmed');
    done_is($browser->send({ confirm => 'yes' }, form => qr/value="delete"/), 'group_deleted', 'then it is deleted');
};

# ---- mails -----------------------------------------------------------------------------------------------------------

sub insert_mail {
    my ($number, $state, $account) = @_;
    my $id = "018bcfe5-0000-7000-8000-00000000000$number";
    my $later = time + 3000;
    $sql->('insert into um_mail (id, kind, state, due_at, attempts, address, user_id, username, created_at, done_at,'
        . " last_error, site, email_key, made_at) values ('$id', 'reset', $state, $later, 3, '$account->{email}',"
        . " '$account->{id}', '$account->{username}', 1000, " . ($state ? 2000 : 'null')
        . ", '550 <b>no such user</b>', 'other.example', '$account->{email}', 1000)");
    return $id;
}

sub state_of { return join ' ', $sql->("select state, attempts from um_mail where id = '$_[0]'") }

case 'mails that are not sent are shown, retried and dropped' => sub {
    my $account = enrol('mailed');
    my ($given_up, $waiting) = (insert_mail(1, 2, $account), insert_mail(2, 0, $account));
    my $page = $browser->go("${STAFF}mails/");
    is(() = $page->{body} =~ /550 &lt;b&gt;no such user/g, 2, 'why they were not sent');
    like(text_of_page(page_of($account)), qr/550 <b>no such user/, 'the account has them, too');
    $browser->go("${STAFF}mails/");
    done_is($browser->send({ id => $given_up }, form => qr/value="retry"/), 'mail_retried', 'one is tried again');
    like(state_of($given_up), qr/\A0\D+0\z/, 'it waits');
    is($browser->send({ id => $waiting, confirm => undef }, form => qr/value="drop"/)->{status}, 400,
        'dropping must be confirmed');
    $browser->go("${STAFF}mails/");
    done_is($browser->send({ id => $waiting }, form => qr/value="drop"/), 'mail_dropped', 'one is dropped');
    is(state_of($waiting), '', 'it is gone');
    is($browser->send({ id => $waiting }, form => qr/value="drop"/)->{status}, 404, 'it cannot be dropped twice');
    like(text_of_page($browser->{page}), qr/just being sent, or it is done/, 'the page says why');
    done_is($browser->send({}, form => qr/value="retry_all"/), 'mails_retried', 'all are tried again');
    is(events_of($account), 'mail_retried mail_dropped', 'both are events of the account');
    is(join(' ', $sql->("select count(*) from um_events where kind = 'mail_retried' and user_id is null and detail = 'all'")), 1,
        'all of them are one event');
    my $are_sent = 'mail.dropped mail.retried mail.retried';
    ok(await(20, sub { join(' ', sort grep { /\Amail/ } $receiver->types('hook')) eq $are_sent }), 'and is sent')
        or diag(join ' ', $receiver->types('hook'));
    $sql->("delete from um_mail where id = '$given_up'");
};

case 'the outbox has pages' => sub {
    my $account = enrol('flooded');
    $sql->('insert into um_mail (id, kind, state, due_at, address, created_at, site) values '
        . join ', ', map { sprintf "('018bcfe6-0000-7000-8000-0000000000%02d', 'reset', 2, 0, 'n%d\@example.org', 0, 'other.example')", $_, $_ } 1 .. 20);
    my $page = $browser->go("${STAFF}mails/");
    my ($next) = $page->{body} =~ /rel="next" href="([^"]+)"/;
    like(text_of_page($page), qr/n12\@/, 'the first twelve');
    unlike(text_of_page($page), qr/n13\@/, 'and no more');
    cmp_ok(length $page->{body}, '<', 30_000, 'the page is small');
    $page = $browser->go(UmPages::unescape($next));
    like(text_of_page($page), qr/n13\@.*n20\@/s, 'then the others');
    like($page->{body}, qr/rel="prev"/, 'and a way back');
    $sql->("delete from um_mail where site = 'other.example'");
};

# ---- throttles, health -----------------------------------------------------------------------------------------------

case 'who is refused is shown and let in again' => sub {
    my $victim = enrol('victim');
    my $sign_in = sub { ask(POST => $TOKEN, json => qq({"username":"victim","password":"$_[0]"}),
        headers => ['X-Client: 198.51.100.7'])->{status} };
    $sign_in->('wrong') for 1 .. 7;
    is($sign_in->($victim->{password}), 429, 'victim is refused');
    my $page = $browser->go("${STAFF}throttle/");
    like(text_of_page($page), qr/victim 198\.51\.100\.7/, 'the page has name and address');
    done_is($browser->send({ name => 'victim' }), 'throttle_cleared', 'the name is cleared');
    is($sign_in->($victim->{password}), 200, 'victim gets in');
    unlike(text_of_page($browser->go("${STAFF}throttle/")), qr/victim 198/, 'the page has it no more');
    is($browser->send({ name => '' })->{status}, 400, 'a name is needed');
    is(join(' ', $sql->("select detail from um_events where kind = 'throttle_cleared'")), 'victim', 'it is an event');
    ok(await(20, sub { grep { $_ eq 'throttle.cleared' } $receiver->types('hook') }), 'and is sent');
};

case 'health is shown at a glance' => sub {
    my $page = $browser->go("${STAFF}health/");
    is($page->{status}, 200, 'the page is there');
    my $text = text_of_page($page);
    my ($key) = @{ json_of(ask(GET => '/.well-known/jwks.json'))->{keys} };
    like($text, qr/\Q$key->{kid}\E\s+\Q$key->{alg}\E/, 'the key') if $key;
    like($text, qr/\b0\d\d_\w+/, 'the step of the schema');
    like($text, qr/\d ms\b/, 'how fast the database answers');
    like($text, UmTest::database() eq 'pgsql' ? qr/PostgreSQL/ : qr/SQLite/, 'which it is');
};

# ---- who may do it ---------------------------------------------------------------------------------------------------

my @PAGES = ('', qw(new/ groups/ mails/ throttle/ health/), 'group/?group=crew');

sub acts {
    my ($account) = @_;
    my %id = (id => $account->{id});
    return (
        (map { ['account/', { %id, action => $_ }] } qw(profile email verify unverify enable disable staff_on staff_off reset
            end_sessions)),
        ['account/', { %id, action => 'group_add', group => 'crew' }],
        ['account/', { %id, action => 'group_remove', group => 'crew' }],
        ['account/', { %id, action => 'end_session', session => $account->{id} }],
        ['account/', { %id, action => 'delete' }],
        ['account/', { %id, action => 'delete', confirm => 'yes' }],
        ['new/', { username => 'intruder', password => good_password() }],
        ['new/', { username => 'intruder', email => 'intruder@example.org' }],
        ['groups/', { name => 'mine' }],
        ['group/', { action => 'add', group => 'crew', username => $account->{username} }],
        ['group/', { action => 'remove', group => 'crew', %id }],
        ['group/', { action => 'rename', group => 'crew', name => 'mine' }],
        ['group/', { action => 'delete', group => 'crew', confirm => 'yes' }],
        (map { ['mails/', { %id, action => $_, confirm => 'yes' }] } qw(retry retry_all drop)),
        ['throttle/', { name => 'victim' }],
    );
}

sub name_of { return join ' ', map { "$_=$_[0][1]{$_}" } grep { $_ ne 'csrf' } sort keys %{ $_[0][1] } }

my $person = enrol('nobodyspecial', groups => ['crew']);
my $own = sign_in($person);
my $before = JSON::PP->new->canonical->encode(shown($person));

case 'nobody else sees the pages' => sub {
    for my $path (@PAGES, map { "$_?id=$person->{id}" } qw(account/ events/)) {
        my $page = $own->go("$STAFF$path");
        is($page->{status}, 403, "staff/$path is forbidden");
        unlike($page->{body}, qr/example\.org/, 'and shows nothing');
        like(UmPages->new->go("$STAFF$path")->{path}, qr{/sign-in/\?next=}, 'who is not signed in is asked to');
    }
};

case 'nobody else does what they do' => sub {
    for my $seconds (0, 3600) {
        age($person, $seconds);
        $own->go($PAGES);
        my (undef, $fields) = $own->form({});
        for my $act (acts($person)) {
            my $answer = $own->request(POST => "$STAFF$act->[0]",
                form => UmPages::form_text(%{ $act->[1] }, csrf => $fields->{csrf}));
            is($answer->{status}, 403, "staff/$act->[0] $seconds seconds after signing in: " . name_of($act));
        }
    }
    is(JSON::PP->new->canonical->encode(shown($person)), $before, 'nothing has changed');
    is(join(' ', $sql->("select count(*) from um_users where username = 'intruder'")), 0, 'nobody was made');
    is(join(' ', $sql->("select count(*) from um_groups where name = 'mine'")), 0, 'no group was made');
};

case 'nothing is done without a session' => sub {
    my $stranger = UmPages->new;
    $stranger->go("${PAGES}sign-in/");
    my (undef, $fields) = $stranger->form({});
    for my $act (acts($person)) {
        my $answer = $stranger->request(POST => "$STAFF$act->[0]",
            form => UmPages::form_text(%{ $act->[1] }, csrf => $fields->{csrf}));
        my $leads = $answer->{status} == 303 && $answer->{head}{location}[0] =~ m{/sign-in/\?next=};
        ok($leads || $answer->{status} == 403, "staff/$act->[0] asks to sign in: " . name_of($act))
            or diag("$answer->{status} @{ $answer->{head}{location} || [] }");
    }
    is(JSON::PP->new->canonical->encode(shown($person)), $before, 'nothing has changed');
};

case 'each form needs its token' => sub {
    for my $act (acts($person)) {
        my $path = "$STAFF$act->[0]";
        is($browser->request(POST => $path, form => UmPages::form_text(%{ $act->[1] }))->{status}, 403,
            "without it: staff/$act->[0] " . name_of($act));
        is($browser->request(POST => $path, form => UmPages::form_text(%{ $act->[1] }, csrf => 'A' x 43))->{status}, 403,
            'with a wrong one');
    }
    my $page = $browser->request(POST => "${STAFF}account/",
        form => UmPages::form_text(id => $person->{id}, action => 'profile', first_name => 'Typed'));
    like($page->{body}, qr/value="Typed"/, 'what was typed is shown again');
    like(text_of_page($page), qr/nobodyspecial/, 'with the account');
    is(JSON::PP->new->canonical->encode(shown($person)), $before, 'nothing has changed');
};

case 'dangerous acts need a recent sign-in' => sub {
    my %harmless = map { $_ => 1 } qw(profile verify unverify reset end_session end_sessions retry retry_all);
    age($admin, 16 * 60);
    $browser->go($STAFF);
    $browser->go("${STAFF}new/");
    my (undef, $fields) = $browser->form({});
    for my $act (acts($person)) {
        my $action = $act->[1]{action};
        next if $act->[0] =~ /new|throttle/ || $harmless{ $action || '' } || ($action || '') eq 'delete' && !$act->[1]{confirm};
        my $answer = $browser->request(POST => "$STAFF$act->[0]",
            form => UmPages::form_text(%{ $act->[1] }, csrf => $fields->{csrf}));
        like($answer->{head}{location}[0], qr{\A${PAGES}sign-in/\?again=1&next=%2faccount%2fstaff%2f},
            "staff/$act->[0] asks to sign in again: " . name_of($act));
    }
    is(JSON::PP->new->canonical->encode(shown($person)), $before, 'nothing has changed');
    my $answer = $browser->request(POST => "${STAFF}account/",
        form => UmPages::form_text(id => $person->{id}, action => 'profile', is_staff => 'true', csrf => $fields->{csrf}));
    is($answer->{status}, 400, 'the form of the profile gives no rights');
    $answer = $browser->request(POST => "${STAFF}account/",
        form => UmPages::form_text(id => $person->{id}, action => 'profile', email => 'a@b.example', csrf => $fields->{csrf}));
    is($answer->{status}, 400, 'nor another address');
    is(JSON::PP->new->canonical->encode(shown($person)), $before, 'still nothing has changed');
    my $page = act($person, 'disable');
    like($page->{body}, qr/name="username" value="chief"/, 'the name is filled in');
    $page = $browser->send({ username => 'chief', password => $admin->{password} });
    is($page->{path}, "${STAFF}account/?id=$person->{id}", 'then the account is shown again') or diag text_of_page($page);
    done_is(act($person, 'disable'), 'account_off', 'and the act is done');
};

case 'a body that is no form does nothing' => sub {
    for my $body ('{}', 'null', '[]', '{"csrf":"x"}') {
        is($browser->request(POST => "${STAFF}new/", json => $body)->{status}, 415, "$body is refused");
    }
    is($browser->request(POST => "${PAGES}sign-in/", json => '{"username":"x"}')->{status}, 415, 'at the sign-in, too');
    is($browser->go("${STAFF}health/")->{status}, 200, 'and the server goes on');
};

case 'the audit log has what staff did' => sub {
    my @lines = grep { $_->{by} && $_->{by} eq $admin->{id} } map { JSON::PP->new->decode($_) } split /\n/, UmTest::slurp($log);
    my %did = map { $_->{event} => 1 } @lines;
    my @wanted = qw(account_deleted account_off account_on email_changed email_unverified email_verified group_added
        group_dropped group_made group_removed group_renamed invited mail_dropped mail_retried registered reset_sent
        session_ended sessions_ended staff_given staff_taken throttle_cleared);
    is(join(' ', grep { !$did{$_} } @wanted), '', 'each act is there, with who did it');
};

cases_done();
