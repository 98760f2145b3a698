# SPDX-License-Identifier: Apache-2.0
package UmAudit;
# A server with an audit log and with all that makes events: a trusted client, mails in files, addresses that are
# verified, a cookie, and Locations with AuthType Basic and Bearer.
#
#   my $site = audited_server(<<"END", modules => ['unique_id']);      # further lines of configuration
#   post($TOKEN, { username => 'x', password => 'y' });             # a body of JSON, to the API
#   other(GET => '/basic/', basic('alice', 'secret'));              # a request that is not for the API
#
# The site has server, database, lines (the configuration), log, mails and folder (paths), and client (its token).
use strict;
use warnings;
use Exporter 'import';
use MIME::Base64 ();
use UmApi;
use UmServer;
use UmTest ();

our @EXPORT = qw(audited_server post other basic);

sub audited_server {
    my ($more, %with) = @_;
    my $folder = UmTest::new_folder();
    my %site = (folder => $folder, log => "$folder/audit.log", mails => "$folder/mail", database => $with{database} || new_database());
    mkdir $site{mails}, 0700 or die "$site{mails}: $!\n";
    (undef, $site{client}) = UmTest::run(UmTest::cli(), qw(client new), "$folder/clients", 'front');
    chomp $site{client};
    $site{lines} = <<"END" . $more;
UserMgmtAuditLog $site{log}
UserMgmtClientToken $folder/clients
UserMgmtMail file:$site{mails}
UserMgmtEmailVerification on
UserMgmtVerifyURL "https://front.test.example/verify/{token}"
UserMgmtCookie session
@{[ basic_location() ]}
<Location "/bearer/">
    AuthType Bearer
    AuthName bearer
    UserMgmtTokenSource header cookie
    Require valid-user
</Location>
END
    $site{server} = UmServer->start($site{database}, $site{lines}, modules => ['auth_basic', @{ $with{modules} || [] }]);
    $UmApi::PORT = $site{server}{port};
    return \%site;
}

sub post {
    my ($path, $fields, @more) = @_;
    return call(POST => $path, json => UmApi::object_text($fields), @more);
}

# The rules for answers of the API do not hold.
sub other { return exchange(request_text(@_)) }

sub basic {
    my ($name, $password) = @_;
    return headers => ['Authorization: Basic ' . MIME::Base64::encode_base64("$name:$password", '')];
}

1;
