#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Webhooks in the configuration: httpd -t names the directive, its file and line, and what is wrong.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmTest;

my $SECRET = 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
my $GOOD = <<'END';
UserMgmtSigningKey ${folder}/keys
DBDriver sqlite3
DBDParams ${folder}/db/accounts.db
UserMgmtCommonPasswords none
UserMgmt On
END
my $URL = 'https://shop.example.org/hooks';

sub new_setup {
    my $folder = UmTest::new_folder();
    for my $name (qw(keys db)) {
        mkdir "$folder/$name", 0700 or die "$!\n";
    }
    UmTest::new_key("$folder/keys/one.pem");
    UmTest::spew("$folder/secret", "$SECRET\n");
    chmod 0600, "$folder/secret";
    return $folder;
}

sub secret { my ($text) = @_; return sub { UmTest::spew("$_[0]/secret", $text) } }

# What is shown, the lines, what httpd -t must print (undef: the configuration is valid), what is done to the folder
# first.
my $AT = qr{ \(\S+httpd\.conf:\d+\): };
my @cases = (
    ['a receiver of all events is accepted', "UserMgmtWebhook $URL secret"],
    ['several receivers, and some events, are accepted', "UserMgmtWebhook $URL secret account.registered ACCOUNT.deleted\n"
        . "UserMgmtWebhook ${URL}2?key=1 secret account.* group.*"],
    ['none is accepted', 'UserMgmtWebhook none'],
    ['http:// is accepted where a network is allowed', "UserMgmtWebhook http://10.0.0.1/ secret\nUserMgmtWebhookAllow 10.0.0.0/8"],
    ['several secrets are accepted', "UserMgmtWebhook $URL secret", undef, secret("# one\n$SECRET\n\n$SECRET\n")],
    ['a host that only protects may inherit a receiver', "UserMgmtWebhook $URL secret\n<VirtualHost *:1>\nUserMgmtRealm x\n"
        . '</VirtualHost>'],
    ['http:// is refused elsewhere', 'UserMgmtWebhook http://shop.example.org/ secret',
        qr{UserMgmtWebhook http://shop\.example\.org/ \S+/secret${AT}must begin with https://}],
    ['another scheme is refused', 'UserMgmtWebhook ftp://shop.example.org/ secret',
        qr{on line \d+ of \S+httpd\.conf:\s+UserMgmtWebhook .*must be an address that begins with https://}],
    ['a login is refused, without repeating it', 'UserMgmtWebhook https://me:secret-8@shop.example.org/ secret',
        qr{UserMgmtWebhook \.\.\.: has a login in its address(?!.*secret-8)}s],
    ['a fragment is refused', "UserMgmtWebhook $URL#x secret", qr{has a fragment}],
    ['no address is refused', 'UserMgmtWebhook shop secret', qr{UserMgmtWebhook shop secret: must be an address}],
    ['a receiver without a file is refused', "UserMgmtWebhook $URL", qr{must have a file of secrets .*usermgmt webhook secret}],
    ['an unknown event is refused', "UserMgmtWebhook $URL secret account.registered account.eaten",
        qr{there is no event account\.eaten}],
    ['a line that cannot be read is refused, without repeating the query', "UserMgmtWebhook $URL?key=hush secret eaten",
        qr{UserMgmtWebhook \Q$URL?...\E: there is no event eaten(?!.*hush)}s],
    ['an unknown group of events is refused', "UserMgmtWebhook $URL secret eaten.*", qr{there is no event eaten\.\*}],
    ['an event that is only logged is refused', "UserMgmtWebhook $URL secret sign_in", qr{there is no event sign_in}],
    ['a receiver that is named twice is refused', "UserMgmtWebhook $URL secret\nUserMgmtWebhook $URL secret account.*",
        qr{must be named once}],
    ['a seventeenth receiver is refused', join("\n", map { "UserMgmtWebhook $URL$_ secret" } 1 .. 17),
        qr{must be one of at most 16 receivers}],
    ['a file that is missing is refused', "UserMgmtWebhook $URL secret\nUserMgmtWebhook $URL/2 missing",
        qr{UserMgmtWebhook \Q$URL\E/2 \S+/missing${AT}.*No such file}],
    ['a file that others can read is refused', "UserMgmtWebhook $URL secret",
        qr{UserMgmtWebhook \Q$URL\E \S+/secret${AT}the file can be read or written by all users; .*chmod 600},
        sub { chmod 0644, "$_[0]/secret" }],
    ['a file without a secret is refused', "UserMgmtWebhook $URL secret", qr{${AT}there is no secret in it}, secret("\n")],
    ['a secret that is too short is refused, without repeating it', "UserMgmtWebhook $URL secret",
        qr{${AT}line 2: the secret must be 24 to 64 bytes(?!.*MfKQ)}s, secret("$SECRET\nwhsec_MfKQ9r8GKYqrTwjU\n")],
    ['another text is refused', "UserMgmtWebhook $URL?key=hush secret",
        qr{UserMgmtWebhook \Q$URL\E \S+${AT}line 1: not whsec_BASE64}, secret("hello\n")],
    ['UserMgmtEventsKeep 0 is refused beside it', "UserMgmtWebhook $URL secret\nUserMgmtEventsKeep 0",
        qr{UserMgmtEventsKeep 0${AT}UserMgmtWebhook needs events in the database}],
    ['a file of certificates that has none is refused', "UserMgmtWebhook $URL secret\nUserMgmtWebhookCAFile secret",
        qr{UserMgmtWebhookCAFile secret${AT}.*certificate}],
    ['a network that is none is refused', "UserMgmtWebhook $URL secret\nUserMgmtWebhookAllow here",
        qr{UserMgmtWebhookAllow here: must be none, or name networks}],
);

for my $case (@cases) {
    my ($name, $lines, $want, $prepare) = @$case;
    my $folder = new_setup();
    $prepare->($folder) if $prepare;
    my ($status, $said) = UmTest::httpd_t("$GOOD$lines\n", folder => $folder);
    if ($want) {
        ok($status != 0 && $said =~ $want, $name) or diag($said);
    }
    else {
        is($status, 0, $name) or diag($said);
    }
}

done_testing();
