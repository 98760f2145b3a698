#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Every block of configuration in README and docs is accepted by httpd, behind the lines that each site has.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmTest;

my $sources = UmTest::sources();
my $folder = UmTest::new_folder();
mkdir "$folder/$_", 0700 or die "$folder: $!\n" for qw(db etc etc/usermgmt log look mail);
UmTest::new_key("$folder/etc/usermgmt/one.pem");
UmTest::output_of('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj',
    '/CN=www.example.org', '-keyout', "$folder/etc/tls.key", '-out', "$folder/etc/tls.pem");
UmTest::spew("$folder/etc/$_", '') for qw(usermgmt-clients usermgmt-names);
UmTest::spew("$folder/etc/usermgmt-mail", "user:password\n");
UmTest::output_of(UmTest::cli(), qw(pepper new), "$folder/etc/usermgmt-pepper");
UmTest::output_of(UmTest::cli(), qw(webhook secret), "$folder/etc/usermgmt-webhook");
UmTest::spew("$folder/etc/htpasswd", "bob:x\n");
chmod 0600, glob "$folder/etc/*" or die "$folder: $!\n";
chmod 0700, "$folder/etc/usermgmt" or die "$folder: $!\n";

# What an example names, and what is here. The first that fits counts.
my @PUT = (
    [qr{/etc/ssl/certs/www\.example\.org\.pem}, "$folder/etc/tls.pem"],
    [qr{/etc/ssl/private/www\.example\.org\.key}, "$folder/etc/tls.key"],
    [qr{/etc/ssl/(?:certs/)?[\w.-]+\.(?:pem|crt)}, "$folder/etc/tls.pem"],
    [qr{/etc/apache2/usermgmt-texts|/usr/share/usermgmt/mail|/srv/mail-texts}, "$sources/conf/mail"],
    [qr{/etc/apache2/usermgmt-pages}, "$folder/look"],
    [qr{/usr/share/usermgmt/common-passwords\.txt|/\S+/pwned-passwords-sha1\.txt}, "$sources/conf/common-passwords.txt"],
    [qr{/usr/bin/rotatelogs}, '/bin/cat'],
    [qr{\$\{APACHE_LOG_DIR\}}, "$folder/log"],
    [qr{(?<=UserMgmtSigningKey )conf/usermgmt}, "$folder/etc/usermgmt"],
    [qr{^LoadModule .*\n}m, ''],       # the modules are loaded, or built in
    [qr{/etc/apache2}, "$folder/etc"],
    [qr{/var/lib/usermgmt}, "$folder/db"],
    [qr{/var/log/apache2}, "$folder/log"],
    [qr{/var/spool/[\w-]+}, "$folder/mail"],
);

my $site = <<"END";
DBDriver sqlite3
DBDParams $folder/db/accounts.db
UserMgmtSigningKey $folder/etc/usermgmt
UserMgmtCommonPasswords none
UserMgmtClientToken $folder/etc/usermgmt-clients
UserMgmtMail file:$folder/mail
UserMgmtMailFrom no-reply\@example.org
UserMgmtMailTemplates $sources/conf/mail
UserMgmtPagesTemplates $sources/conf/pages
UserMgmtCookie session
END
# A fresh folder has no templates of its own, and this module, which is not installed, has none to fall back to.
UmTest::run('cp', glob("$sources/conf/pages/*"), "$folder/look");

my @MODULES = qw(ssl socache_shmcb proxy proxy_http rewrite headers remoteip alias dav dav_fs auth_basic authn_file
    auth_form session session_cookie request cache setenvif log_config mime dir include authz_groupfile cgi);
my $count = 0;
for my $page ('README', map { s{\A\Q$sources/\E}{}r } sort glob "$sources/docs/*.md") {
    my $all = UmTest::slurp("$sources/$page");
    while ($all =~ /^( *)```apache\n(.*?)^\1```$/msg) {
        my ($indent, $text, $line) = ($1, $2, 1 + (substr($all, 0, $-[0]) =~ tr/\n//));
        $text =~ s/^$indent//gm;
        my ($first) = split /\n/, $text;
        for my $put (@PUT) {
            $text =~ s/$put->[0]/$put->[1]/g;
        }
        $text = "<Location /members>\n$text</Location>\n" if $text =~ /\AAuthType/;
        # Directives of the server itself cannot stand in a virtual host, and hosts not in one another.
        my $is_for_server = $text =~ /^(?:DBD|<VirtualHost|LoadModule|TraceEnable|UserMgmtSessionCache|Mutex|ErrorLogFormat)/m;
        $text = "UserMgmt On\nUserMgmtPages On\n$text" unless $is_for_server;
        my ($status, $said) = UmTest::httpd_t($site . $text, modules => \@MODULES);
        ok(!$status, "$page, line $line: $first") or diag($said);
        $count++;
    }
}
cmp_ok($count, '>=', 100, "$count blocks were read");

done_testing();
