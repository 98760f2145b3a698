# SPDX-License-Identifier: Apache-2.0
package UmSmtpd;
# Mail servers for suites: smtpd.py, as unkind as its rules say, and smtpd_real.py. They end with the suite.
#
#   my $sink = UmSmtpd->start('rcpt/^bad@=reply:550 no such user');     $sink->{port}  $sink->{folder}
#   for ($sink->taken) { $_->{to}, $_->{id}, $_->{from} }
use strict;
use warnings;
use IO::Handle;
use POSIX ();
use UmTest ();

sub start {
    my ($class, @words) = @_;
    return $class->launch('smtpd.py', @words);
}

# By others' hands; with STARTTLS and a login.
sub start_real {
    my ($class, $certificate, $key, $user, $password) = @_;
    return $class->launch('smtpd_real.py', $certificate, $key, $user, $password);
}

sub launch {
    my ($class, $script, @words) = @_;
    my $folder = UmTest::new_folder();
    pipe(my $leash_out, my $leash) or die "pipe: $!\n";
    pipe(my $said, my $say) or die "pipe: $!\n";
    my $child = fork;
    die "fork: $!\n" unless defined $child;
    if (!$child) {
        open STDIN, '<&', $leash_out or POSIX::_exit(126);
        open STDOUT, '>&', $say or POSIX::_exit(126);
        exec { '/usr/bin/python3' } 'python3', UmTest::sources() . "/t/lib/$script", $folder, @words
            or POSIX::_exit(127);
    }
    close $say;
    my $port = <$said> || '';
    chomp $port;
    $port =~ /\A\d+\z/ or die "$script did not start\n";
    return bless { pid => $child, leash => $leash, port => $port, folder => $folder }, $class;
}

# It ends with its standard input.
sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    close delete $self->{leash};
    kill KILL => $pid;
    waitpid $pid, 0;
    return;
}

sub lines {
    my ($self) = @_;
    return -e "$self->{folder}/log" ? split(/\n/, UmTest::slurp("$self->{folder}/log")) : ();
}

# The mails it took, in that order: { from, to, id }.
sub taken {
    my ($self) = @_;
    return map { /\Ataken \d+ (\S+) (\S+) ?(\S*)/ ? { from => $1, to => $2, id => $3 } : () } $self->lines;
}

sub connections {
    my ($self) = @_;
    return scalar grep { /\Aconnection/ } $self->lines;
}

# A certificate for localhost and an authority that vouches for it; returns the files: authority, certificate, key.
sub certificates {
    my $folder = UmTest::new_folder();
    my @request = qw(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2);
    my @steps = (
        [@request, '-subj', '/CN=authority of the tests', '-keyout', "$folder/ca.key", '-out', "$folder/ca.pem"],
        [@request, '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
            '-addext', 'basicConstraints=critical,CA:FALSE', '-CA', "$folder/ca.pem", '-CAkey', "$folder/ca.key",
            '-keyout', "$folder/key.pem", '-out', "$folder/cert.pem"],
    );
    for my $step (@steps) {
        my ($status, $output) = UmTest::run(@$step);
        die "openssl: $output\n" if $status;
    }
    return ("$folder/ca.pem", "$folder/cert.pem", "$folder/key.pem");
}

sub DESTROY {
    local $?;
    $_[0]->stop;
    return;
}

1;
