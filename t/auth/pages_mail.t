#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The pages to which the links of mails lead: verifying an address, a forgotten password, a new address; and the pages
# that a site without mail or registration does not have.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmCase;
use UmLocations;
use UmMail;
use UmPages;
use UmTest ();

my $mails = UmTest::new_folder();
my $site = pages_site(<<"END");
UserMgmtMail file:$mails
UserMgmtResetURL auto
UserMgmtVerifyURL auto
UserMgmtEmailVerification required
UserMgmtEmailChange confirm
END

# The link in the last mail to an address, as a path of this host.
sub link_to {
    my ($address) = @_;
    settle(sql => $site->{database}{sql});
    my $mail = (mails_in($mails, $address))[-1] or return '';
    my ($link) = $mail->{text} =~ m{https://[^/\s]+(/\S+)};
    return $link || '';
}

my $people = 0;

# A person who has registered and followed the link of the mail.
sub person {
    my $name = 'mailed' . ++$people;
    my $password = good_password();
    my $browser = UmPages->new;
    $browser->go("${PAGES}register/");
    my $page = $browser->send({ username => $name, password => $password, email => "$name\@example.org" });
    is($page->{path}, "${PAGES}sign-in/?done=check_mail", "$name is told to look at their mail");
    $browser->go(link_to("$name\@example.org"));
    $page = $browser->send({});
    is($page->{path}, "${PAGES}sign-in/?done=verified", "the address of $name is verified");
    $browser->send({ username => $name, password => $password });
    return ($browser, { username => $name, password => $password, email => "$name\@example.org" });
}

case 'an address is verified before signing in' => sub {
    my $browser = UmPages->new;
    $browser->go("${PAGES}register/");
    is($browser->send({ username => 'early', password => good_password() })->{status}, 400, 'an address is required');
    my ($other, $account) = person();
    is($other->go($PAGES)->{path}, $PAGES, 'then the person can sign in');
    $other->go("${PAGES}verify/?token=nonsense");
    my $page = $other->send({});
    is($page->{status}, 404, 'a link that is not valid is refused');
    like(UmPages::text($page), qr/no longer works/, 'the page says so');
    $other->go("${PAGES}verify/again/");
    is($other->send({ email => $account->{email} })->{path}, "${PAGES}verify/again/?done=verify_sent",
        'another mail can be asked for');
};

case 'a forgotten password is replaced' => sub {
    my (undef, $account) = person();
    my $browser = UmPages->new;
    $browser->go("${PAGES}forgot/");
    my $known = $browser->send({ email => $account->{email} });
    is($known->{path}, "${PAGES}forgot/?done=reset_sent", 'a mail is asked for');
    my $link = link_to($account->{email});
    like($link, qr{\A\Q${PAGES}\Ereset/\?token=}, 'the link leads to the page');
    $browser->go("${PAGES}forgot/");
    is(UmPages::text($browser->send({ email => 'nobody@example.org' })), UmPages::text($known),
        'an address of nobody gets the same page');
    $browser->go($link);
    my $page = $browser->send({ password => '123' });
    is($page->{status}, 400, 'a weak password is refused');
    my $new = good_password() . 'y';
    $page = $browser->send({ password => $new });
    is($page->{path}, "${PAGES}sign-in/?done=password_set", 'a good one is set, after the weak one too');
    is($browser->send({ username => $account->{username}, password => $new })->{path}, $PAGES, 'it is the password now');
    $page = $browser->go($link);
    like(UmPages::text($page), qr/no longer works/, 'the link works once');
    unlike($page->{body}, qr/type="password"/, 'and asks for no password then');
};

case 'a form of another site does not learn whether a link works' => sub {
    my ($browser, $account) = person();
    $browser->go("${PAGES}forgot/");
    $browser->send({ email => $account->{email} });
    my ($token) = link_to($account->{email}) =~ /token=([^&]+)/;
    my %page = map {
        my $form = UmPages::form_text(csrf => 'A' x 43, token => $_, password => good_password() . 'z');
        my $answer = $browser->request(POST => "${PAGES}reset/", form => $form);
        is($answer->{status}, 403, "a form without the right csrf is refused");
        like($answer->{body}, qr/type="password"/, 'and shown again');
        $_ => $answer->{body} =~ s/name="csrf" value="[^"]*"//gr =~ s/\Q$_\E/TOKEN/gr;
    } $token, 'nonsense';
    is($page{$token}, $page{nonsense}, 'the page is the same for a token that is valid');
};

case 'a new address is confirmed' => sub {
    my ($browser, $account) = person();
    my $new = "new-$account->{email}";
    $browser->go("${PAGES}email/");
    my $page = $browser->send({ email => $new });
    is($page->{path}, "${PAGES}email/?done=email_pending", 'the new address is to be confirmed') or diag UmPages::text($page);
    like($page->{body}, qr/\Q$new\E/, 'the page shows it');
    like($browser->go($PAGES)->{body}, qr/<dd>\Q$account->{email}\E/, 'the account keeps the old one until then');
    $browser->go(link_to($new));
    $browser->send({});
    like($browser->go($PAGES)->{body}, qr/<dd>\Q$new\E/, 'the link makes it the address');
};

case 'a site without mail or registration has no such pages' => sub {
    my $server = $site->{server};
    my $templates = UmTest::sources() . '/conf/pages';
    $server->configure(<<"END");
UserMgmtPages On
UserMgmtPagesTemplates "$templates"
UserMgmtRegistration off
END
    $server->graceful;
    my $browser = UmPages->new;
    my $page = $browser->go("${PAGES}sign-in/");
    unlike($page->{body}, qr/forgot|register/, 'the sign-in page does not name them');
    is($browser->go("${PAGES}forgot/")->{status}, 404, 'nobody can ask for a mail');
    is($browser->go("${PAGES}verify/again/")->{status}, 404, 'of either kind');
    $page = $browser->go("${PAGES}register/");
    is($page->{status}, 403, 'nobody can register');
    like($page->{body}, qr/Registration at .* is closed/, 'and the page says so');
    unlike($page->{body}, qr/Your account|other=1/, 'and speaks of no account to somebody who is not signed in');
};

cases_done();
