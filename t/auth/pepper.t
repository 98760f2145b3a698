#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# UserMgmtPasswordPepper: turned on, rotated, lost and found again, and turned off, by commands and graceful restarts.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmApi;
use UmServer;
use UmTest;

my $database = new_database();
my $folder = UmTest::new_folder();
my $file = "$folder/pepper";

# What "usermgmt pepper" prints.
sub pepper {
    my ($verb, @more) = @_;
    my ($status, $said) = UmTest::run(UmTest::cli(), 'pepper', $verb, $file, @more);
    die "usermgmt pepper $verb: $said\n" if $status;
    chomp $said;
    return $said;
}

my $one = pepper('new');
is(pepper('list'), "$one new hashes", 'a new file has one version');
my $server = UmServer->start($database, "UserMgmtPasswordHash \"scrypt ln=10 r=1 p=1\"\n");
$UmApi::PORT = $server->{port};
my ($me, $other) = (register(), register());

# Children of before a graceful restart answer requests until they have ended.
sub reload {
    my %old = map { $_ => 1 } $server->children;
    $server->graceful or die "the server did not restart\n";
    ok(await(30, sub { !grep { $old{$_} } $server->children }), 'a graceful restart');
}

# The version of an account's hash.
sub version_of {
    my ($account) = @_;
    my $hash = $database->{sql}->("select password from um_users where id = '$account->{id}'");
    return $hash =~ /\A\$pepper\$(\w+)\$scrypt\$/ ? $1 : $hash =~ /\A\$scrypt\$/ ? 'none' : $hash;
}

sub signs_in {
    my ($account, $how) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ok(login($account->{username}, $account->{password}), "signs in $how");
}

sub refused {
    my ($account, $how) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $json = qq({"username":"$account->{username}","password":"$account->{password}"});
    my $unknown = call(POST => $TOKEN, json => '{"username":"nobody-has-this","password":"x"}');
    my $answer = call(POST => $TOKEN, json => $json);
    return is("$answer->{status} $answer->{body}", "400 $unknown->{body}", "refused as an unknown name $how");
}

is(version_of($me), 'none', 'without the directive a hash has no pepper');
$server->configure("UserMgmtPasswordHash \"scrypt ln=10 r=1 p=1\"\nUserMgmtPasswordPepper $file\n");
reload();
signs_in($me, 'when the pepper is turned on');
is(version_of($me), $one, 'and the hash gets it');
is(version_of($other), 'none', 'others keep their hash until they sign in');
is(version_of(register()), $one, 'a new account has the pepper at once');
is(version_of($other), 'none', 'a hash without pepper stays');

my $two = pepper('rotate');
reload();
signs_in($me, 'after a rotation');
is(version_of($me), $two, 'and the hash gets the new version');
my $changed = call(POST => $me->{path}, token => login($me->{username}, $me->{password}),
    json => qq({"old_password":"$me->{password}","new_password":"Blue-Tree-83y"}));
is($changed->{status}, 200, 'the password is changed');
$me->{password} = 'Blue-Tree-83y';
is(version_of($me), $two, 'a changed password has the current version');

# The file without the current version.
my $whole = UmTest::slurp($file);
UmTest::spew($file, join '', grep { !/^$two / } map { "$_\n" } split /\n/, $whole);
chmod 0600, $file or die "$!\n";
reload();
refused($me, 'when the version of the hash is missing');
like($server->log, qr/UM321: .* version $two of the pepper, which is not in the file/, 'the log names the version');
unlike($server->log, qr/UM321: .* version (?!$two)/, 'and no other');
signs_in($other, 'with a hash of before');
is(version_of($other), $one, 'which gets the version that is there');
UmTest::spew($file, $whole);
chmod 0600, $file or die "$!\n";
reload();
signs_in($me, 'when the version is there again');

pepper('use', 'none');
reload();
signs_in($_, 'on the way back') for $me, $other;
is(join(' ', map { version_of($_) } $me, $other), 'none none', 'hashes have no pepper any more');
my ($secret) = $whole =~ /^$two (\S+)/m;
unlike($server->log, qr/\Q$secret\E/, 'no secret is in the log');

is($server->crashes, '', 'no process of the server crashed');
$server->stop;
done_testing();
