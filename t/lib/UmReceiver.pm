# SPDX-License-Identifier: Apache-2.0
package UmReceiver;
# Receivers of webhooks for suites: receiver.py, which answers as it is told. They end with the suite. What comes is
# verified here, as docs/webhooks.md tells receivers to, without any code of the module.
#
#   my $receiver = UmReceiver->start;                      # HTTPS; $receiver->{authority} vouches for it
#   my ($file, @secrets) = secret_file(2);
#   UmServer->start($database, "UserMgmtWebhook " . $receiver->url('hook') . " $file\n" . $receiver->lines);
#   $receiver->behave(hook => '500');
#   for ($receiver->taken('hook')) { $_->{id}, $_->{event}{type}, $_->{event}{data}{username} }
use strict;
use warnings;
use parent -norequire, 'UmSmtpd';
use Encode ();
use Digest::SHA qw(hmac_sha256);
use Exporter 'import';
use JSON::PP ();
use MIME::Base64 qw(decode_base64 encode_base64);
use UmSmtpd;
use UmTest ();

our @EXPORT = qw(secret_file is_signed_by);

my @certificates;       # authority, certificate, key; made once

sub start {
    my ($class) = @_;
    @certificates = UmSmtpd::certificates() unless @certificates;
    my $self = $class->launch('receiver.py', @certificates[1, 2]);
    $self->{authority} = $certificates[0];
    return $self;
}

sub start_plain {
    my ($class) = @_;
    return $class->launch('receiver.py');
}

sub url {
    my ($self, $name) = @_;
    return ($self->{authority} ? 'https' : 'http') . "://localhost:$self->{port}/$name";
}

# What a server needs beside UserMgmtWebhook.
sub lines {
    my ($self) = @_;
    return "UserMgmtWebhookAllow 127.0.0.0/8 ::1\nUserMgmtWebhookCAFile $self->{authority}\n"
        . "UserMgmtWebhookTimeout 1s\n";
}

sub behave {
    my ($self, $name, $how) = @_;
    UmTest::spew("$self->{folder}/$name.new", $how);
    rename "$self->{folder}/$name.new", "$self->{folder}/$name" or die "$name: $!\n";
    return;
}

# The requests for /NAME, in their order.
sub taken {
    my ($self, $name) = @_;
    my @taken;
    for my $line ($self->lines_of_log) {
        my $request = JSON::PP->new->decode($line);
        next unless !defined $name || $request->{path} =~ m{\A/\Q$name\E(?:\?|\z)};
        my $headers = $request->{headers};
        push @taken, { %$request, id => $headers->{'webhook-id'}, timestamp => $headers->{'webhook-timestamp'},
            signature => $headers->{'webhook-signature'}, event => eval { JSON::PP->new->utf8->decode(
                Encode::encode('UTF-8', $request->{body})) } };
    }
    return @taken;
}

sub lines_of_log {
    my ($self) = @_;
    return -e "$self->{folder}/log" ? split(/\n/, UmTest::slurp("$self->{folder}/log")) : ();
}

# The types of the events that came to /NAME.
sub types {
    my ($self, $name) = @_;
    return map { $_->{event}{type} || '?' } $self->taken($name);
}

# A file with so many secrets; returns its name and their bytes.
sub secret_file {
    my ($count) = @_;
    my $file = UmTest::new_folder() . '/secret';
    my @secrets = map { join '', map { chr int rand 256 } 1 .. 32 } 1 .. $count;
    UmTest::spew($file, join '', map { 'whsec_' . encode_base64($_, '') . "\n" } @secrets);
    chmod 0600, $file or die "$file: $!\n";
    return ($file, @secrets);
}

# Whether a request has exactly the signatures of these secrets.
sub is_signed_by {
    my ($request, @secrets) = @_;
    my $text = "$request->{id}.$request->{timestamp}." . Encode::encode('UTF-8', $request->{body});
    return ($request->{signature} || '') eq join ' ', map { 'v1,' . encode_base64(hmac_sha256($text, $_), '') } @secrets;
}

1;
