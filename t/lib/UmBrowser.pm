# SPDX-License-Identifier: Apache-2.0
package UmBrowser;
# Runs a script of t/browser, which drives a browser, and counts its checks as those of the suite. ./runtests has
# brought the npm packages that t/browser/package.json names into the folder "browser" of the run.
use strict;
use warnings;
use Exporter 'import';
use JSON::PP ();
use Test::More;
use UmTest ();

our @EXPORT = qw(why_no_browser browse);

my ($NODE, $CHROMIUM) = ('node', 'chromium');

sub packages { return UmTest::scratch() . '/browser' }

# Why there is no browser to test with; undef: there is one.
sub why_no_browser {
    return "no $_ on this machine" for grep { (UmTest::run('which', $_))[0] } $NODE, $CHROMIUM;
    my $why = packages() . '/why';
    return -e $why ? UmTest::slurp($why) : -d packages() . '/node_modules' ? undef : 'no npm packages';
}

# Runs a script with facts for it, beside those that all have; see t/browser/browser.mjs.
sub browse {
    my ($script, %facts) = @_;
    my $chromium = UmTest::output_of('which', $CHROMIUM);
    local $ENV{UM_BROWSER_FACTS} = JSON::PP->new->canonical->encode({ packages => packages(), chromium => $chromium,
        database => UmTest::database(), looks => UmTest::database() eq 'sqlite3' ? JSON::PP::true : JSON::PP::false,
        screenshots => UmTest::scratch() . '/logs/pages', %facts });
    open my $out, '-|', $NODE, UmTest::sources() . "/t/browser/$script" or die "$NODE: $!\n";
    my $is_done = 0;
    while (my $line = <$out>) {
        chomp $line;
        my ($bad, $name) = $line =~ /\A(not )?ok - (.*)\z/;
        if (defined $name) {
            ok(!$bad, $name);
        }
        elsif ($line eq 'done') {
            $is_done = 1;
        }
        else {
            diag($line =~ s/\A# //r);
        }
    }
    close $out;
    ok($is_done && !$?, "$script came to its end");
    return;
}

1;
