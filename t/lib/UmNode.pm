# SPDX-License-Identifier: Apache-2.0
package UmNode;
# Programs of node, with the npm packages that a folder of t names and that ./runtests has brought into the folder of the
# same name of the run.
use strict;
use warnings;
use Exporter 'import';
use Test::More;
use UmTest ();

our @EXPORT = qw(node_packages why_no_node count_checks);

sub node_packages { return UmTest::scratch() . "/$_[0]" }

# Why they cannot be run; undef: they can. programs: what else is needed on this machine.
sub why_no_node {
    my ($name, @programs) = @_;
    return "no $_ on this machine" for grep { (UmTest::run('which', $_))[0] } 'node', @programs;
    my $why = node_packages($name) . '/why';
    return -e $why ? UmTest::slurp($why) : -d node_packages($name) . '/node_modules' ? undef : 'no npm packages';
}

# Runs a script and counts its checks as those of the suite: it prints "ok - NAME", "not ok - NAME" and, at its end,
# "done".
sub count_checks {
    my ($script) = @_;
    my ($name) = $script =~ m{([^/]+)\z};
    open my $out, '-|', 'node', $script or die "node: $!\n";
    my $is_done = 0;
    while (my $line = <$out>) {
        chomp $line;
        my ($bad, $check) = $line =~ /\A(not )?ok - (.*)\z/;
        if (defined $check) {
            ok(!$bad, $check);
        }
        elsif ($line eq 'done') {
            $is_done = 1;
        }
        else {
            diag($line =~ s/\A# //r);
        }
    }
    close $out;
    ok($is_done && !$?, "$name came to its end");
    return;
}

1;
