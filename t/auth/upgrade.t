#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The shared memory outlives a graceful restart, but not a change to another version of the module. As a package does,
# the test replaces the module's file by another version.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(encode_base64);
use Test::More;
use UmApi;
use UmServer;

my $folder = UmTest::new_folder();
my $module = "$folder/mod_usermgmt.so";
my $bytes = UmTest::slurp(UmTest::module());
UmTest::spew($module, $bytes);
$ENV{UM_TEST_MODULE} = $module;

my $documents = UmTest::new_folder();
mkdir "$documents/$_" or die "$!\n" for qw(token password);
UmTest::spew("$documents/$_/page.txt", "a page\n") for qw(token password);
my $server = UmServer->start(my $database = new_database(), <<"END");
UserMgmtRevocationDelay 1h
UserMgmtBasicCache 1h
@{[UmTest::load_modules('auth_basic')]}
DocumentRoot "$documents"
<Location "/token">
    AuthType Bearer
    AuthName token
    Require valid-user
</Location>
<Location "/password">
    AuthType Basic
    AuthName password
    AuthBasicProvider usermgmt
    Require valid-user
</Location>
END
$UmApi::PORT = $server->{port};

my ($name, $password) = (new_name(), good_password());
my $credentials = '{"username":' . json_text($name) . ',"password":' . json_text($password) . '}';
is(call(POST => $USERS, json => $credentials)->{status}, 201, 'an account is registered');

sub sign_in { return json_of(call(POST => $TOKEN, json => $credentials))->{token} }

sub status_of {
    my ($path, $authorization) = @_;
    return call(GET => "$path/page.txt", headers => ["Authorization: $authorization"], any => 1)->{status};
}

my $basic = 'Basic ' . encode_base64("$name:$password", '');
my $bearer = 'Bearer ' . sign_in();
is(status_of('/token', $bearer), 200, 'a token is accepted and cached');
is(status_of('/password', $basic), 200, 'a password is accepted and cached');
$database->{sql}->('delete from um_sessions');

ok($server->graceful, 'a graceful restart of the same version');
is(status_of('/token', $bearer), 200, 'the cache is kept');
unlike($server->log, qr/UM611/, 'a restart with the same layout logs nothing');

# The version is a part of the text that describes the layout of the memory.
is($bytes =~ s/(mod_usermgmt )\d+\.\d+\.\d+(, shared)/${1}9.9.9$2/g, 1, 'a module of another version is built');
UmTest::spew("$module.new", $bytes);
rename "$module.new", $module or die "$!\n";
my @old = $server->children;
ok($server->graceful, 'a graceful restart with the other version');
like($server->log, qr/UM611: the shared memory has the layout of another version/,
    'a restart with another layout creates the memory again and logs it');
# Until they end, children of before the restart may answer, from the memory that they keep.
ok(UmServer::await(10, sub { !grep { kill 0 => $_ } @old }), 'the children of before the restart end');
is(status_of('/token', $bearer), 401, 'a cached token is checked again, and its session has ended');
is(status_of('/token', 'Bearer ' . sign_in()), 200, 'a new token is accepted');
is(status_of('/password', $basic), 200, 'a cached password is verified again');
my $said = () = $server->log =~ /UM611/g;
ok($server->graceful, 'one more graceful restart succeeds');
is(() = $server->log =~ /UM611/g, $said, 'it uses its own memory again');
is(status_of('/password', $basic), 200, 'a password is accepted after one more restart');
$server->stop;
is($server->crashes, '', 'no process of the server crashed');

done_testing();
