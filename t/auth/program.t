#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The program usermgmt at a running site, of which it is told nothing but the configuration: check, mails, backup.
use strict;
use warnings;
use lib 't/lib';
use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use Test::More;
use UmApi;
use UmMail qw(settle);
use UmServer;
use UmSmtpd;
use UmTest;

my $PASSWORD = 'Sec:ret 9#';
my ($authority, $certificate, $key) = UmSmtpd::certificates();
my $login = UmTest::spew(UmTest::new_folder() . '/login', "mailer:$PASSWORD\n");
chmod 0600, $login or die "$!\n";
my $database = new_database();
my $sink = UmSmtpd->start_real($certificate, $key, 'mailer', $PASSWORD);
my $server = UmServer->start($database, join "\n", "UserMgmtMail smtp+starttls://localhost:$sink->{port}",
    "UserMgmtMailLogin $login", "UserMgmtMailCAFile $authority", 'UserMgmtMailTimeout 10s', 'TraceEnable Off');
$UmApi::PORT = $server->{port};
my @program = (UmTest::cli(), '--httpd', UmTest::httpd(), '--config', "$server->{folder}/httpd.conf");

sub ends {
    my ($want, $pattern, @words) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($status, $said) = UmTest::run(@program, @words);
    ok($status == $want && $said =~ $pattern, "usermgmt @words ends with $want") || diag("$status $said");
    return $said;
}

sub records {
    my (@words) = @_;
    my ($status, $said) = UmTest::run(@program, @words, '--json');
    return map { JSON::PP->new->utf8->decode($_) } split /\n/, $said;
}

# ---- the site is found ---------------------------------------------------------------------------------------------

my $account = register(email => 'one@example.org');
ends(0, qr/^username +\Q$account->{username}\E$/m, 'user', 'show', $account->{username});
ends(0, qr/\Agroup sales made$/, qw(group new sales));
ends(0, qr/is now in sales/, qw(group add sales), $account->{username});
ends(0, qr/ \Q$account->{username}\E$/, qw(group show sales));
ends(0, qr/registered .*$/m, qw(events --since 1h));
ends(0, qr/\Aapplied +001(?!.*missing)/s, qw(schema status));
ends(0, qr/\AEdDSA .* signs/, qw(key list));
ends(0, qr/\A\z/, qw(throttle list));
ends(0, qr/\Acleared 0 counts$/, qw(throttle clear somebody));

# ---- check ---------------------------------------------------------------------------------------------------------

my $said = ends(0, qr/\AUSERMGMT OK - all is well\n(?:ok .*\n)+\z/, 'check');
for my $name (qw(configuration httpd UserMgmtSigningKey UserMgmtMailLogin UserMgmtMail database schema clock mails)) {
    like($said, qr/^ok $name: /m, "check looks at $name");
}
unlike($said, qr/\e/, 'check prints no colours that are not for a terminal');
my ($result) = records('check');
is($result->{status}, 'ok', 'check --json says that all is well');
chmod 0644, $login or die "$!\n";
ends(2, qr/\AUSERMGMT CRITICAL - .*^critical UserMgmtMailLogin: .*close it with: chmod o-rwx/ms, 'check');
chmod 0600, $login or die "$!\n";

# ---- mails ---------------------------------------------------------------------------------------------------------

$said = ends(0, qr/^> EHLO .*^< 220.*^> AUTH \.\.\.\n.*^> MAIL FROM:<accounts\@test\.example>.*^< 250 .*^sent from accounts\@test\.example: 250/ms,
    qw(mail test two@example.org));
my $secret = encode_base64("\0mailer\0$PASSWORD", '');
unlike($said, qr/\Q$PASSWORD\E|\Q$secret\E/, 'mail test does not print the password');
ok((grep { $_->{to} eq 'two@example.org' } $sink->taken), 'the mail server has the mail') or diag(join "\n", $sink->lines);
ends(2, qr/must be an e-mail address/, qw(mail test nobody));
settle(sql => $database->{sql});

my ($dump) = (UmTest::run(UmTest::httpd(), qw(-t -D DUMP_USERMGMT -f), "$server->{folder}/httpd.conf"))[1] =~ /^(\{"usermgmt".*)$/m;
my $host = JSON::PP->new->utf8->decode($dump)->{hosts}[0]{mail_host};
my @ids = map { "018bcfe5-0000-7000-8000-00000000000$_" } 1 .. 4;
sub insert_mail {
    my ($id, $state, $due, $why) = @_;
    my ($user) = $database->{sql}->("select id from um_users where username = '$account->{username}'");
    $database->{sql}->('insert into um_mail (id, kind, state, due_at, attempts, address, user_id, username, created_at, done_at,'
        . " last_error, site) values ('$id', 'password_changed', $state, $due, 3, 'one\@example.org', '$user', '$account->{username}', 1000,"
        . ($state ? 2000 : 'null') . ", '$why', '$host')");
    return;
}
my $later = int(time) + 3000;
insert_mail($ids[0], 2, 1000, '550 no such user');
insert_mail($ids[1], 0, $later, '451 later');
insert_mail($ids[2], 1, 1000, '');
ends(0, qr/\A\Q$ids[0]\E given up\s+password_changed to one\@example\.org, attempts 3: 550 no such user\n\Q$ids[1]\E waiting +password_changed to one\@example\.org, attempts 3, next in \d+ s: 451 later\n\z/,
    qw(mail list));
is(scalar(grep { $_->{state} eq 'sent' && $_->{id} eq $ids[2] } records(qw(mail list --all))), 1, 'mail list --all has sent mails');
ends(0, qr/^state +given up\n.*^last_error +550 no such user$/ms, qw(mail show), $ids[0]);
is_deeply([map { @$_{qw(id state attempts created_at)} } records('mail', 'show', $ids[0])],
    [$ids[0], 'given up', 3, '1970-01-01T00:16:40Z'], 'mail show --json');
ends(3, qr/there is no mail \Q$ids[3]\E$/, qw(mail show), $ids[3]);
ends(3, qr/there is no mail x$/, qw(mail show x));
ends(2, qr/usage: usermgmt mail retry ID, or/, qw(mail retry));
ends(3, qr/there is no mail \Q$ids[2]\E that waits or was given up/, qw(mail retry), $ids[2]);
ends(1, qr/\AUSERMGMT WARNING - mails: 1 were given up within a day/, 'check')
    if $database->{sql}->("update um_mail set done_at = $later - 3600 where id = '$ids[0]'") || 1;
ends(0, qr/1 mail will be sent now/, qw(mail retry), $ids[0]);
ok(await(20, sub { ($database->{sql}->("select state from um_mail where id = '$ids[0]'"))[0] == 1 }), 'a mail that was given up is sent');
ends(0, qr/1 mail will be sent now/, qw(mail retry --all));
ok(await(20, sub { ($database->{sql}->("select state from um_mail where id = '$ids[1]'"))[0] == 1 }), 'a mail that waited is sent');
insert_mail($ids[3], 0, $later, '451 later');
ends(0, qr/the mail is deleted/, qw(mail drop), $ids[3]);
ends(3, qr/there is no mail/, qw(mail drop), $ids[3]);
$database->{sql}->("update um_mail set state = 0, claim = '$ids[3]', due_at = $later, done_at = null where id = '$ids[0]'");
ends(0, qr/\A\Q$ids[0]\E sending /, qw(mail list));
ends(3, qr/there is no mail/, qw(mail drop), $ids[0]);
$database->{sql}->("delete from um_mail where id = '$ids[0]'");

# ---- backup --------------------------------------------------------------------------------------------------------

my $file = UmTest::new_folder() . "/it's a backup";
if ($database->{driver} eq 'sqlite3') {
    ends(0, qr/\A\Q$file\E\n\z/, 'backup', $file);
    is(sprintf('%04o', (stat $file)[2] & 07777), '0600', 'only its owner can read a backup');
    is(UmTest::sql('pragma integrity_check', $file), 'ok', 'the backup is a database');
    is(UmTest::sql('select count(*) from um_users', $file), 1, 'the backup has the accounts');
    ends(1, qr/File exists/, 'backup', $file);
    is(UmTest::sql('select count(*) from um_users', $file), 1, 'a backup is not overwritten');
    ends(4, qr/No such file/, 'backup', '/none/x.db');
    is(join(' ', glob "$database->{params}-backup-*"), '', 'nothing is left beside the database');
    # While accounts are made.
    my $child = fork;
    die "fork: $!\n" unless defined $child;
    if (!$child) {
        eval { register() } for 1 .. 40;
        require POSIX;
        POSIX::_exit(0);
    }
    for my $number (1 .. 5) {
        ends(0, qr/./, 'backup', "$file.$number");
        is(UmTest::sql('pragma integrity_check', "$file.$number"), 'ok', 'a backup made meanwhile is a database');
    }
    waitpid $child, 0;
}
else {
    $said = ends(0, qr/\A\(umask 077 && pg_dump --format=custom --file='.*it'\\''s a backup' --dbname='.*dbname=/, 'backup', $file);
    local $ENV{PATH} = UmTest::setting('PGBIN') . ":$ENV{PATH}";
    my ($status, $output) = UmTest::run('sh', '-c', $said);
    is($status, 0, 'the line that is printed makes a backup') or diag($output);
    is((stat $file)[2] & 0777, 0600, 'nobody else can read it');
    like((UmTest::run('pg_restore', '--list', $file))[1], qr/TABLE DATA public um_users/, 'the backup has the accounts');
}
is((UmTest::run(UmTest::cli(), qw(--driver pgsql --params), "host=h password='a b\\' c' dbname=y sslpassword = x user=u", qw(backup /x)))[1],
    "(umask 077 && pg_dump --format=custom --file='/x' --dbname='host=h dbname=y user=u')\n", 'backup does not print a password');
for my $uri ('u:p%40w@h/db?sslmode=require', 'u:p?w@h/db?sslmode=require', 'u@h/db?sslmode=require') {
    is((UmTest::run(UmTest::cli(), qw(--driver pgsql --params), "postgresql://$uri", qw(backup /x)))[1],
        "(umask 077 && pg_dump --format=custom --file='/x' --dbname='postgresql://u\@h/db?sslmode=require')\n",
        "backup does not print a password of a URI: $uri");
}
is((UmTest::run(UmTest::cli(), qw(--driver pgsql --params), 'postgresql://h/db?password=x&sslmode=verify-full&p%61ssword=y&sslpassword=z&sslkey=k',
    qw(backup /x)))[1], "(umask 077 && pg_dump --format=custom --file='/x' --dbname='postgresql://h/db?sslmode=verify-full&sslkey=k')\n",
    'and keeps how the connection is secured');

# ---- the lines of the documentation --------------------------------------------------------------------------------

my $documented = UmTest::slurp(UmTest::sources() . '/docs/operations.md');
my %is_documented;
for my $title ('Check a site', 'Choose the cost of password hashes', 'Mail', 'Resend a mail') {
    my ($section) = $documented =~ /^#+ \Q$title\E\n(.*?)^##+ /ms or fail("docs/operations.md has $title");
    for my $line (map { split /\n/ } $section =~ /^```sh\n(.*?)^```/msg) {
        my ($words) = $line =~ /\A(?:sudo )?usermgmt (.*)\z/ or next;
        # The worker sends what a line before this one has retried.
        $database->{sql}->("delete from um_mail where id = '$ids[0]'");
        insert_mail($ids[0], 2, 1000, '550 no such user');
        $words =~ s/\bID\b/$ids[0]/;
        ends(0, qr/./, split / /, $words);
        $is_documented{(split / /, $words)[0]}++;
    }
}
is(join(' ', sort keys %is_documented), 'check hash mail', 'the lines of docs/operations.md were tried');

# ---- session end-all, and what does not run ------------------------------------------------------------------------

ends(0, qr/\Aended all sessions of \d+ accounts/, qw(session end-all));
$sink->stop;
ends(2, qr/\AUSERMGMT CRITICAL - UserMgmtMail: .*^ok database: /ms, 'check');
ends(1, qr/the mail was not sent: .*connect/i, qw(mail test two@example.org));
$server->stop;
ends(2, qr/^critical httpd: does not run: /m, 'check');

done_testing();
