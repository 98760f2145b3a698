#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A mail server that refuses, hangs, or drops the connection after the final dot, while mails are asked for: each arrives,
# and a second time only as the same mail.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep);
use UmFault;
use UmServer;
use UmSmtpd;

# Servers that follow each other on one port: rules that hold for some seconds, and then none.
sub unkind {
    my ($name, @rules) = @_;
    return fault $name => (none => 1, setup => sub {
        my $port = free_port();
        return { mail_port => $port, sink => UmSmtpd->start('--no-store', '--port', $port) };
    }, inject => sub {
        my ($world) = @_;
        unkind_for($world, 3, @rules);
    });
}

sub unkind_for {
    my ($world, $seconds, @rules) = @_;
    my $port = $world->{mail_port};
    # What it takes until it has ended counts, too.
    $world->{sink}->stop;
    my @taken = $world->{sink}->taken;
    if (@rules) {
        my $other = UmSmtpd->start('--no-store', '--port', $port, @rules);
        sleep $seconds;
        $other->stop;
        push @taken, $other->taken;
    }
    else {
        sleep $seconds;
    }
    my $kind = UmSmtpd->start('--no-store', '--port', $port);
    $world->{sink} = UmTaken->new($kind, @taken);
    return;
}

unkind('mail-away');
unkind('mail-refuses', 'connect=reply:421 4.3.2 busy');
unkind('mail-refuses-each', 'rcpt=reply:451 4.7.1 try later');
unkind('mail-hangs', 'data=hang');
unkind('mail-drops-after-the-dot', 'dot=take,drop');
unkind('mail-drops-before-the-dot', 'body=drop');

faults_done();

# The present mail server, and what those before it have taken.
package UmTaken;

sub new {
    my ($class, $server, @taken) = @_;
    return bless { server => $server, taken => \@taken }, $class;
}

sub taken { my ($self) = @_; return (@{ $self->{taken} }, $self->{server}->taken) }
sub stop { my ($self) = @_; return $self->{server}->stop }
