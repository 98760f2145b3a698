#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# docs/from-django.md, step by step: a site of Django REST framework with accounts, groups, tokens and hashes that Django
# has made is switched to this module while a client goes on using its old token; and the way back.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use Test::More;
use Time::HiRes 'sleep';
use UmApi;
use UmDocs;
use UmServer;

plan(skip_all => 'needs python3-djangorestframework') if (UmTest::run('python3', '-c', 'import rest_framework'))[0];

my $folder = UmTest::new_folder();
my @site = ('python3', UmTest::sources() . '/t/lib/django_site.py', $folder);
my (%key, %token);

sub django { return UmTest::output_of(@site, @_) }

# ---- the site of Django, behind httpd ------------------------------------------------------------------------------

for my $line (split /\n/, django('make')) {
    my ($name, $key, $token) = split / /, $line;
    ($key{$name}, $token{$name}) = ($key, $token);
}
is(scalar keys %token, 7, 'Django has made accounts and tokens');

my $port = free_port();
defined(my $django = fork) or die "fork: $!\n";
if (!$django) {
    open STDOUT, '>', "$folder/django.log" or POSIX::_exit(126);
    open STDERR, '>&STDOUT' or POSIX::_exit(126);
    exec @site, 'serve', $port or POSIX::_exit(127);
}
my $client;
END {
    my $status = $?;
    kill KILL => grep { $_ } $django, $client;
    $? = $status;
}
ok(await(60, sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) }), 'Django answers');

my $database = new_database();
my $server = UmServer->start($database, "UserMgmt Off\nProxyPass / http://127.0.0.1:$port/\n",
    modules => [qw(proxy proxy_http alias)]);
my $path = "$USERS$key{alice}/";

sub ask {
    my ($scheme, $name, $where) = @_;
    return call(GET => $where || "$USERS$key{$name}/", port => $server->{port}, any => 'other',
        headers => ["Authorization: $scheme $token{$name}"]);
}

my $before = json_of(ask('Token', 'alice'));
is("@$before{qw(id username)}", "$key{alice} alice", 'Django answers the client through httpd');

# The client: asks all the time, and writes down what it does not like.
defined($client = fork) or die "fork: $!\n";
if (!$client) {
    my ($count, $bad) = (0, '');
    local $SIG{TERM} = sub {
        UmTest::spew("$folder/client", "$count answers\n$bad");
        POSIX::_exit(0);
    };
    while (1) {
        my $answer = eval { ask('Token', 'alice') } || { status => "none: $@", body => '' };
        $count++;
        $bad .= "$answer->{status} $answer->{body}\n"
            if $answer->{status} ne '200' || json_of($answer)->{username} ne 'alice';
        sleep 0.05;
    }
}

# ---- dump, try, import ---------------------------------------------------------------------------------------------

local @ENV{qw(USERMGMT_DRIVER USERMGMT_PARAMS)} = @$database{qw(driver params)};
my @blocks = command_blocks('docs/from-django.md');

# Runs the block of the page that begins so, with the site's manage.py, the program and further changes. Returns what it
# ends with and prints.
sub printed {
    my ($begin, %put) = @_;
    my ($block) = grep { index($_->{text}, $begin) == 0 } @blocks or die "docs/from-django.md has no $begin\n";
    %put = ('python3 manage.py' => "@site manage", '2027-01-31' => '2099-01-31', %put);
    my ($status, $said) = run_block($block, $folder, sub {
        my ($text) = @_;
        $text =~ s/\Q$_\E/$put{$_}/g for keys %put;
        return $text =~ s/^usermgmt\b/UmTest::cli()/emgr;
    });
    return "$status $said";
}

like(printed('python3 manage.py dumpdata auth.group auth.user'), qr/\A1 dry run.*accounts: 6 made, 0 changed.*groups: 2 made; tokens: 6 stored/, 'a dry run');
my $would_be = UmTest::slurp("$folder/refused.txt");
is($would_be =~ tr/\n//, 2, 'reports one account and its token');
like($would_be, qr/\Aentry \d+\tAlice\taccount 1 of the file has the same name\nentry \d+\t\tthe token is of an account that is not there\n\z/,
    'the collision');
is($database->{sql}->('select count(*) from um_users'), 0, 'and stores nothing');
like(printed('usermgmt user import'), qr/\A1 accounts: 6 made, 0 changed.*groups: 2 made; tokens: 6 stored/, 'the import');
like(printed('usermgmt user import', '--format' => '--on-conflict update --format'), qr/\A1 accounts: 0 made, 6 changed.*tokens: 6 stored/,
    'the import of what has changed meanwhile');

# ---- the switch ----------------------------------------------------------------------------------------------------

$server->configure("UserMgmtTokenScheme Bearer Token\nUserMgmtPasswordHash \"argon2id m=7168 t=1 p=1\"\n"
    . "<Location /private>\nAuthType Bearer\nAuthName here\nRequire usermgmt-group Content-editors\n</Location>\n"
    . "Alias /private $folder/pages\n<Directory $folder/pages>\nRequire all granted\n</Directory>\n");
mkdir "$folder/pages";
UmTest::spew("$folder/pages/page.txt", "page\n");
chmod 0755, $folder, "$folder/pages";
$server->graceful;
await(30, sub { json_of(ask('Token', 'alice'))->{id} =~ /\A$UUID\z/ });
sleep 1;
kill TERM => $client;
waitpid $client, 0;
undef $client;
my ($answers, $bad) = split /\n/, UmTest::slurp("$folder/client"), 2;
like($answers, qr/\A\d\d+ answers\z/, "the client got $answers");
is($bad, '', 'and never noticed');
kill TERM => $django;
waitpid $django, 0;
undef $django;

# ---- afterwards ----------------------------------------------------------------------------------------------------

like(printed('curl ', '9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b' => $token{alice}, '/42/' => "/$key{alice}/",
    'https://new.example.org' => "http://127.0.0.1:$server->{port}"), qr/\A0 .*"username":"alice"/s, 'curl with an old token');
my $after = json_of(ask('Token', 'alice'));
is(join('|', @$after{qw(username first_name last_name email)}), join('|', @$before{qw(username first_name last_name email)}),
    'the account is the same');
for my $name (qw(alice bob carol dave)) {
    is(ask($_, $name)->{status}, 200, "the old token of $name works by $_") for qw(Token Bearer);
    is(ask('Token', $name, '/private/page.txt')->{status}, 200, 'and on a Location of its group');
    my $sign_in = call(POST => $TOKEN, json => qq({"username":"$name","password":"the password of $name"}),
        port => $server->{port});
    is($sign_in->{status}, 200, 'the password works');
    like($database->{sql}->("select password from um_users where username = '$name'"), qr/\A\$argon2id\$/,
        'and the hash is replaced by the configured one');
    is(ask('Token', $name)->{status}, 200, 'which ends no session');
    is(call(POST => $TOKEN, json => qq({"username":"$name","password":"the password of Alice"}),
        port => $server->{port})->{status}, 400, 'a wrong password does not work');
}
is(call(POST => $TOKEN, json => '{"username":"erin","password":"!"}', port => $server->{port})->{status}, 400,
    'the unusable password stays unusable');
is(ask('Token', 'erin')->{status}, 200, 'and its token works');
answer_is(ask('Token', 'frank'), 401, detail('gone_user'), 'the inactive account is inactive');
is(ask('Token', 'Alice')->{status}, 401, 'the token of the refused account is refused');
is(ask('Token', 'dave', "$USERS$key{bob}/")->{status}, 200, 'staff is staff');
my $changed = call(POST => $path, port => $server->{port}, headers => ["Authorization: Token $token{alice}"],
    json => '{"old_password":"the password of alice","new_password":"a new password of hers"}');
is($changed->{status}, 200, 'a new password');
is(ask('Token', 'alice')->{status}, 401, 'ends the old token');
call(POST => $USERS, json => '{"username":"newbie","password":"the password of newbie"}', port => $server->{port});

# ---- the way back --------------------------------------------------------------------------------------------------

like(printed('usermgmt user export'), qr/\A0 7 accounts written\n.*Installed 9 object/s, 'the export, which Django loads');
is(django('check', 'alice', 'a new password of hers'), 'True argon2 False Content-editors,readers',
    'Django verifies a password that was set here');
is(django('check', 'dave', 'the password of dave'), 'True argon2 True Content-editors', 'and one that was replaced');
is(django('check', 'newbie', 'the password of newbie'), 'True argon2 False ', 'and that of an account made here');
is(django('check', 'frank', 'the password of frank'), 'True pbkdf2_sha256 False ', 'and one that never signed in');
like(django('check', 'erin', ''), qr/\AFalse !/, 'the unusable one stays unusable');

api_done();
