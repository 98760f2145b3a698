# SPDX-License-Identifier: Apache-2.0
package UmPgProxy;
# A proxy between a server and PostgreSQL that cuts connections exactly where it is told to (pgproxy.py).
#
#   my $proxy = UmPgProxy->start($where);       # a port on 127.0.0.1, or the path of a socket
#   $proxy->{port}                              # its own
#   $proxy->cut('lost', 3);                     # each third of these; all arguments are in pgproxy.py
#   $proxy->count;                              # how often it has cut since then
#   $proxy->cut;                                # no more
#
# It ends with the object.
use strict;
use warnings;
use POSIX ();
use UmTest ();

sub start {
    my ($class, $where) = @_;
    my $cuts = UmTest::new_folder() . '/cuts';
    pipe(my $leash_out, my $leash) or die "pipe: $!\n";
    pipe(my $said, my $say) or die "pipe: $!\n";
    my $child = fork;
    die "fork: $!\n" unless defined $child;
    if (!$child) {
        close $leash;
        open STDIN, '<&', $leash_out or POSIX::_exit(126);
        open STDOUT, '>&', $say or POSIX::_exit(126);
        exec { '/usr/bin/python3' } 'python3', UmTest::sources() . '/t/lib/pgproxy.py', $where, $cuts
            or POSIX::_exit(127);
    }
    close $say;
    close $leash_out;
    my $port = <$said> || '';
    chomp $port;
    $port =~ /\A\d+\z/ or die "pgproxy.py did not start\n";
    return bless { port => $port, cuts => $cuts, leash => $leash }, $class;
}

sub cut {
    my ($self, @what) = @_;
    UmTest::spew("$self->{cuts}.done", '') if @what;
    UmTest::spew($self->{cuts}, "@what");
    return;
}

sub count { return UmTest::slurp("$_[0]{cuts}.done") =~ tr/\n// }

1;
