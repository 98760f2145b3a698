#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Rules by group, staff and claim where another module sets the user before a token is required. mod_ssl does so with
# SSLUserName, for a client that has a certificate.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmLocations;
use UmServer;
use UmTest ();

plan skip_all => 'no mod_ssl' unless -e UmTest::module_file('ssl');

# An authority, the server's certificate, and a client's certificate with the name of an account.
my $folder = UmTest::new_folder();

sub certificate {
    my ($name, @more) = @_;
    my ($status, $output) = UmTest::run(qw(openssl req -newkey rsa:2048 -nodes -days 2 -subj), "/CN=$name", '-keyout',
        "$folder/$name.key", '-out', "$folder/$name.pem", @more);
    die "openssl: $output\n" if $status;
    return;
}

certificate('authority', '-x509');
certificate($_, '-x509', '-CA', "$folder/authority.pem", '-CAkey', "$folder/authority.key") for qw(localhost alice);

my $PORT = free_port();
my %rules = (group => 'usermgmt-group editors', staff => 'usermgmt-staff', claim => 'usermgmt-claim iss:https://localhost');
my $places = join '', map { <<"END" } sort keys %rules;
    <Location "/$_/">
        Require $rules{$_}
    </Location>
    Alias /$_ \${pages}/files
END
my $site = locations(<<"LOAD" . $places . "</VirtualHost>\n");

@{[UmTest::load_modules(qw(socache_shmcb ssl))]}
Listen 127.0.0.1:$PORT
<VirtualHost 127.0.0.1:$PORT>
    SSLEngine On
    SSLCertificateFile $folder/localhost.pem
    SSLCertificateKeyFile $folder/localhost.key
    SSLCACertificateFile $folder/authority.pem
    SSLVerifyClient optional
    SSLUserName SSL_CLIENT_S_DN_CN
    <Location />
        AuthType Bearer
        AuthName here
    </Location>
    <Location "/program/">
        Require valid-user
    </Location>
    ScriptAlias /program/ "\${pages}/cgi/"
LOAD
my $plain = enrol('alice');
my $boss = enrol('berta', groups => ['editors'], staff => 1);

# Status and challenge, with or without the certificate.
sub seen {
    my ($path, $token, @options) = @_;
    my ($status, $output) = UmTest::run('curl', '-sS', '--cacert', "$folder/authority.pem", '-D', '-', '--resolve',
        "localhost:$PORT:127.0.0.1", ($token ? ('-H', "Authorization: Bearer $token") : ()), @options,
        "https://localhost:$PORT$path");
    die "curl: $output\n" if $status;
    my ($code) = $output =~ m{\AHTTP/\S+ (\d+)};
    my ($challenge) = $output =~ /^WWW-Authenticate: (\S+)/mi;
    return join ' ', $code, $challenge || ();
}

my @CERTIFICATE = ('--cert', "$folder/alice.pem", '--key', "$folder/alice.key");
is(seen('/program/env', undef, @CERTIFICATE), '200', 'the certificate names a user');
for my $rule (sort keys %rules) {
    my $other = $rule eq 'claim' ? '200' : '401 Bearer';
    for my $with (['without a certificate'], ['with one', @CERTIFICATE]) {
        my ($name, @options) = @$with;
        is(seen("/$rule/hello.txt", undef, @options), '401 Bearer', "$rule, $name: a token is required");
        is(seen("/$rule/hello.txt", $boss->{token}, @options), '200', "$rule, $name: the token decides");
        is(seen("/$rule/hello.txt", $plain->{token}, @options), $other,
            "$rule, $name: the token of another account decides, too");
        is(seen("/$rule/hello.txt", 'x.y.z', @options), '401 Bearer', "$rule, $name: a bad token is refused");
    }
}
is($site->{server}->crashes, '', 'no process of the server crashed');

done_testing();
