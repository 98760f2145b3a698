#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The API, protected files and AuthType Basic over TLS, by HTTP/1.1 and HTTP/2: the same answers, and many streams of
# different accounts in one connection. t/auth/remote.t has the rule that clients of other machines need TLS.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use MIME::Base64 ();
use Test::More;
use UmApi;
use UmLocations;
use UmServer;
use UmTest ();

plan skip_all => 'no mod_ssl' unless -e UmTest::module_file('ssl');

my $folder = UmTest::new_folder();
{
    my ($status, $output) = UmTest::run(qw(openssl req -newkey rsa:2048 -nodes -days 2 -x509 -subj /CN=localhost -addext
        subjectAltName=DNS:localhost -keyout), "$folder/key", '-out', "$folder/certificate");
    die "openssl: $output\n" if $status;
}

my $PORT = free_port();
my $FILE = join '', map { "line $_\n" } 1 .. 20_000;
my $site = locations(<<"LOAD" . <<'END', files => sub { UmTest::spew("$_[0]/files/large.txt", $FILE) });
@{[UmTest::load_modules(qw(socache_shmcb ssl))]}
<Location /large.txt>
    AuthType Bearer
    AuthName here
    Require valid-user
</Location>
Listen 127.0.0.1:$PORT
<VirtualHost 127.0.0.1:$PORT>
    SSLEngine On
    SSLCertificateFile $folder/certificate
    SSLCertificateKeyFile $folder/key
    UserMgmtMaxBody 2000
    UserMgmt On
LOAD
    UserMgmtIssuer https://localhost
    <IfModule mod_http2.c>
        Protocols h2 http/1.1
    </IfModule>
    <Location "/basic">
        AuthType Basic
        AuthName here
        AuthBasicProvider usermgmt
        Require valid-user
    </Location>
    Alias /basic ${pages}/files
</VirtualHost>
END

# Answers to requests in one connection, in their order; each has status, version, connects, head and body.
sub tls {
    my ($version, @requests) = @_;
    # Without a limit curl keeps dozens of idle connections of HTTP/1.1, which httpd closes when its threads are used
    # up; curl gives up a request when five of them in a row turn out to be closed.
    my @arguments = ('-Z', $version eq '2' ? () : ('--parallel-max', 8));
    for my $i (0 .. $#requests) {
        my ($method, $path, %with) = @{ $requests[$i] };
        push @arguments, ($i ? '--next' : ()), "--http$version", '-sS', '--cacert', "$folder/certificate",
            '--resolve', "localhost:$PORT:127.0.0.1", '-X', $method, ($method eq 'HEAD' ? '-I' : ()),
            '-o', "$folder/body$i", '-D', "$folder/head$i", '-w',
            "$i %{http_code} %{http_version} %{num_connects}\\n",
            (map { ('-H', $_) } @{ $with{headers} || [] }, $with{token} ? "Authorization: Bearer $with{token}" : ()),
            (defined $with{json} ? ('-H', 'Content-Type: application/json', '-d', $with{json}) : ()), "https://localhost:$PORT$path";
    }
    my ($status, $output) = UmTest::run('curl', @arguments);
    my %line = map { /\A(\d+) (.*)/ ? ($1, $2) : () } split /\n/, $output;
    return map {
        my ($code, $seen, $connects) = split ' ', $line{$_} || '0 0 0';
        { status => $code, version => $seen, connects => $connects, head => UmTest::slurp("$folder/head$_"),
            body => -e "$folder/body$_" ? UmTest::slurp("$folder/body$_") : '', said => $output };
    } 0 .. $#requests;
}

sub decoded { return JSON::PP->new->decode($_[0]{body}) }

for my $version ('1.1', UmTest::setting('MPM') eq 'prefork' ? () : '2') {
    my $name = "http/$version";
    my $password = good_password();
    my $alice = { username => new_name(), password => $password };
    my ($made) = tls($version, [POST => $USERS, json => UmApi::object_text($alice)]);
    is("$made->{status} $made->{version}", "201 $version", "$name: registered") or diag($made->{said}, $made->{body});
    my ($id, $token) = @{ decoded($made) }{qw(id auth_token)};
    my ($own, $file, $none, $wrong) = tls($version, [GET => "$USERS$id/", token => $token],
        [GET => '/large.txt', token => $token], [GET => '/large.txt'], [GET => '/large.txt', token => "x$token"]);
    is_deeply([$own->{status}, decoded($own)->{username}], [200, $alice->{username}], "$name: the profile is read");
    like($own->{head}, qr/^cache-control: no-store\r$/mi, "$name: and not stored");
    ok($file->{status} == 200 && $file->{body} eq $FILE, "$name: a protected file is complete");
    is("$none->{status} $wrong->{status}", '401 401', "$name: it needs a good token");
    like($wrong->{head}, qr/^www-authenticate: Bearer realm="here", error="invalid_token"/mi, "$name: with a challenge");

    # Many streams of one connection, each with a request of its own identity.
    my $berta = { username => new_name(), password => good_password() };
    my $other = decoded((tls($version, [POST => $USERS, json => UmApi::object_text($berta)]))[0]);
    my @many = tls($version, map { $_ % 2 ? [GET => "$USERS$id/", token => $token]
        : [GET => "$USERS$other->{id}/", token => $other->{auth_token}] } 0 .. 39);
    is(scalar(grep { $_->{status} == 200 } @many), 40, "$name: forty requests at once are answered");
    is(join(' ', map { decoded($many[$_])->{username} eq ($_ % 2 ? $alice : $berta)->{username} ? () : $_ } 0 .. 39), '',
        "$name: each with its own account");
    cmp_ok(scalar(grep { $_->{connects} } @many), '<', 10, "$name: over few connections") if $version eq '2';

    my ($large, $after) = tls($version, [POST => $TOKEN, json => '{"username":"' . 'x' x 3000 . '"}'],
        [GET => "$USERS$id/", token => $token]);
    is("$large->{status} $after->{status}", '413 200', "$name: a body over the limit is refused, the next request is not");
    # An answer that is sent before its body was read reaches a client that is still sending, at each try.
    my @early = tls($version, map { ([PATCH => "$USERS$id/", json => '{"first_name":"A"}'],
        [POST => $TOKEN, json => '{"username":"' . 'x' x 3000 . '"}']) } 1 .. 40);
    my %count;
    $count{$_->{status}}++ for @early;
    is_deeply(\%count, { 401 => 40, 413 => 40 }, "$name: answers before the end of a body are all received")
        or diag(explain(\%count), $early[0]{said});

    my ($basic, $bad) = map { (tls($version, [GET => '/basic/hello.txt', headers => ['Authorization: Basic '
        . MIME::Base64::encode_base64("$alice->{username}:$_", '')]]))[0] } $password, 'wrong horse';
    is("$basic->{status} $bad->{status}", '200 401', "$name: name and password of Basic");

    my ($changed) = tls($version, [POST => "$USERS$id/", token => $token,
        json => UmApi::object_text({ old_password => $password, new_password => 'Green-House?40' })]);
    is($changed->{status}, 200, "$name: the password is changed");
    my ($old, $new) = tls($version, map { [GET => '/large.txt', token => $_] } $token, decoded($changed)->{token});
    is("$old->{status} $new->{status}", '401 200', "$name: which ends the old token");
    my ($deleted) = tls($version, [DELETE => "$USERS$id/", token => decoded($changed)->{token}]);
    is("$deleted->{status} $deleted->{body}", '204 ', "$name: the account is deleted");
}
is($site->{server}->crashes, '', 'no process of the server crashed');

done_testing();
