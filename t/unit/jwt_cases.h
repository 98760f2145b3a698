/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_JWT_CASES_H
#define UM_JWT_CASES_H
/* What test_jwt.c is to judge: headers and claims as their writer might have them, one row each. */

#define NOW 1700000000
#define ED_KID "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"       /* RFC 8037 A.3 */
#define ED_D "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
#define ED_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define HS_KID "WqjPPRvAP8oYbAqCwMErhzTg-Quaz-vLx_cef07yhOs"
#define HS_K "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

#define HEAD "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":\"" ED_KID "\"}"
#define HEAD_AND(more) "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":\"" ED_KID "\"," more "}"
#define HEAD_KID(kid) "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":" kid "}"
#define HEAD_ALG(alg) "{\"typ\":\"at+jwt\",\"alg\":" alg ",\"kid\":\"" ED_KID "\"}"
#define HEAD_TYP(typ) "{\"typ\":" typ ",\"alg\":\"EdDSA\",\"kid\":\"" ED_KID "\"}"
#define OURS "\"iss\":\"https://a.example\",\"aud\":\"accounts\""
#define CLAIMS "{" OURS ",\"exp\":1700000900,\"iat\":1700000000}"
#define CLAIMS_EXP(exp) "{" OURS ",\"exp\":" exp "}"
#define CLAIMS_AND(more) "{" OURS ",\"exp\":1700000900," more "}"
#define CLAIMS_ISS(iss) "{\"iss\":" iss ",\"aud\":\"accounts\",\"exp\":1700000900}"
#define CLAIMS_AUD(aud) "{\"iss\":\"https://a.example\",\"aud\":" aud ",\"exp\":1700000900}"
#define BYTES64 "0123456789012345678901234567890123456789012345678901234567890123"
#define DEEP7 "[[[[[[[0]]]]]]]"

/* All of these are well signed by the Ed25519 key. want: how the reason starts, NULL where the token is taken. */
static const struct { const char *name; const char *header; const char *claims; const char *want; } signed_tokens[] = {
    {"a token of ours", HEAD, CLAIMS, NULL},
    {"members we do not know", HEAD_AND("\"x5t\":\"a\",\"foo\":[{}]"), CLAIMS_AND("\"role\":\"admin\""), NULL},

    {"alg none", HEAD_ALG("\"none\""), CLAIMS, "alg"},
    {"alg None", HEAD_ALG("\"None\""), CLAIMS, "alg"},
    {"alg NONE", HEAD_ALG("\"NONE\""), CLAIMS, "alg"},
    {"alg nOnE", HEAD_ALG("\"nOnE\""), CLAIMS, "alg"},
    {"alg of nothing", HEAD_ALG("\"\""), CLAIMS, "alg"},
    {"alg null", HEAD_ALG("null"), CLAIMS, "alg"},
    {"alg false", HEAD_ALG("false"), CLAIMS, "alg"},
    {"alg as a list", HEAD_ALG("[\"EdDSA\"]"), CLAIMS, "alg"},
    {"alg in another case", HEAD_ALG("\"eddsa\""), CLAIMS, "alg"},
    {"alg with more behind", HEAD_ALG("\"EdDSA \""), CLAIMS, "alg"},
    {"alg with a NUL behind", HEAD_ALG("\"EdDSA\\u0000\""), CLAIMS, "alg"},
    {"alg of another key", HEAD_ALG("\"HS256\""), CLAIMS, "alg"},
    {"alg missing", "{\"typ\":\"at+jwt\",\"kid\":\"" ED_KID "\"}", CLAIMS, "alg"},

    {"kid unknown", HEAD_KID("\"kPrK\""), CLAIMS, "unknown kid"},
    {"kid as a path", HEAD_KID("\"../../../../dev/null\""), CLAIMS, "unknown kid"},
    {"kid as SQL", HEAD_KID("\"' or 1=1 --\""), CLAIMS, "unknown kid"},
    {"kid as a format", HEAD_KID("\"%s%n%s%n\""), CLAIMS, "unknown kid"},
    {"kid with a NUL behind", HEAD_KID("\"" ED_KID "\\u0000\""), CLAIMS, "no usable kid"},
    {"kid empty", HEAD_KID("\"\""), CLAIMS, "no usable kid"},
    {"kid a number", HEAD_KID("1"), CLAIMS, "no usable kid"},
    {"kid null", HEAD_KID("null"), CLAIMS, "no usable kid"},
    {"kid a list", HEAD_KID("[\"" ED_KID "\"]"), CLAIMS, "no usable kid"},
    {"kid of 129 bytes", HEAD_KID("\"" BYTES64 BYTES64 "x\""), CLAIMS, "no usable kid"},
    {"kid of 128 bytes", HEAD_KID("\"" BYTES64 BYTES64 "\""), CLAIMS, "unknown kid"},
    {"kid missing", "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\"}", CLAIMS, "no usable kid"},

    {"crit", HEAD_AND("\"crit\":[\"exp\"]"), CLAIMS, "header has"},
    {"crit empty", HEAD_AND("\"crit\":[]"), CLAIMS, "header has"},
    {"crit null", HEAD_AND("\"crit\":null"), CLAIMS, "header has"},
    {"b64", HEAD_AND("\"b64\":false"), CLAIMS, "header has"},
    {"b64 true", HEAD_AND("\"b64\":true"), CLAIMS, "header has"},
    {"zip", HEAD_AND("\"zip\":\"DEF\""), CLAIMS, "header has"},
    {"embedded jwk", HEAD_AND("\"jwk\":{\"kty\":\"oct\",\"k\":\"AAAA\"}"), CLAIMS, "header has"},
    {"jku", HEAD_AND("\"jku\":\"http://127.0.0.1/keys\""), CLAIMS, "header has"},
    {"x5u", HEAD_AND("\"x5u\":\"file:///etc/passwd\""), CLAIMS, "header has"},
    {"x5c", HEAD_AND("\"x5c\":[\"MIIB\"]"), CLAIMS, "header has"},

    {"two alg", HEAD_AND("\"alg\":\"EdDSA\""), CLAIMS, "header is"},
    {"two kid", HEAD_AND("\"kid\":\"" ED_KID "\""), CLAIMS, "header is"},
    {"two alg, one escaped", HEAD_AND("\"\\u0061lg\":\"none\""), CLAIMS, "header is"},
    {"header a list", "[" HEAD "]", CLAIMS, "header is"},
    {"header a string", "\"EdDSA\"", CLAIMS, "header is"},
    {"header null", "null", CLAIMS, "header is"},
    {"header empty", "", CLAIMS, "header is"},
    {"header not JSON", "alg=EdDSA", CLAIMS, "header is"},
    {"header with a byte order mark", "\xef\xbb\xbf" HEAD, CLAIMS, "header is"},
    {"header with bytes behind", HEAD "x", CLAIMS, "header is"},
    {"header with half a surrogate pair", HEAD_AND("\"x\":\"\\ud800\""), CLAIMS, "header is"},

    {"another typ", HEAD_TYP("\"rt+jwt\""), CLAIMS, "another typ"},
    {"typ JWT", HEAD_TYP("\"JWT\""), CLAIMS, "another typ"},
    {"typ in another case", HEAD_TYP("\"AT+JWT\""), CLAIMS, "another typ"},
    {"typ with application/", HEAD_TYP("\"application/at+jwt\""), CLAIMS, "another typ"},
    {"typ a list", HEAD_TYP("[\"at+jwt\"]"), CLAIMS, "another typ"},
    {"typ missing", "{\"alg\":\"EdDSA\",\"kid\":\"" ED_KID "\"}", CLAIMS, "another typ"},

    {"claims empty", HEAD, "", "payload is"},
    {"claims a list", HEAD, "[" CLAIMS "]", "payload is"},
    {"claims null", HEAD, "null", "payload is"},
    {"claims a number", HEAD, "1700000900", "payload is"},
    {"claims not JSON", HEAD, "{'iss':1}", "payload is"},
    {"claims with a comment", HEAD, "{/**/" OURS ",\"exp\":1700000900}", "payload is"},
    {"claims with a comma too many", HEAD, "{" OURS ",\"exp\":1700000900,}", "payload is"},
    {"claims with bytes behind", HEAD, CLAIMS "{}", "payload is"},
    {"claims with a byte order mark", HEAD, "\xef\xbb\xbf" CLAIMS, "payload is"},
    {"claims not UTF-8", HEAD, CLAIMS_AND("\"a\":\"\xff\""), "payload is"},
    {"claims overlong UTF-8", HEAD, CLAIMS_AND("\"a\":\"\xc0\x80\""), "payload is"},
    {"claims with half a surrogate pair", HEAD, CLAIMS_AND("\"sub\":\"\\ud800\""), "payload is"},
    {"two exp", HEAD, CLAIMS_AND("\"exp\":1800000000"), "payload is"},
    {"two members within", HEAD, CLAIMS_AND("\"a\":{\"b\":1,\"b\":2}"), "payload is"},
    {"depth 8", HEAD, CLAIMS_AND("\"a\":" DEEP7), NULL},
    {"depth 9", HEAD, CLAIMS_AND("\"a\":[" DEEP7 "]"), "payload is"},

    {"iss of another", HEAD, CLAIMS_ISS("\"https://b.example\""), "another iss"},
    {"iss with a slash behind", HEAD, CLAIMS_ISS("\"https://a.example/\""), "another iss"},
    {"iss cut short", HEAD, CLAIMS_ISS("\"https://a.exampl\""), "another iss"},
    {"iss with a NUL", HEAD, CLAIMS_ISS("\"https://a.example\\u0000.evil\""), "another iss"},
    {"iss a list", HEAD, CLAIMS_ISS("[\"https://a.example\"]"), "another iss"},
    {"iss null", HEAD, CLAIMS_ISS("null"), "another iss"},
    {"iss missing", HEAD, "{\"aud\":\"accounts\",\"exp\":1700000900}", "another iss"},
    {"aud a list with ours", HEAD, CLAIMS_AUD("[\"other\",\"accounts\"]"), NULL},
    {"aud a list without ours", HEAD, CLAIMS_AUD("[\"other\",\"account\"]"), "another aud"},
    {"aud a list with a number", HEAD, CLAIMS_AUD("[\"accounts\",1]"), "another aud"},
    {"aud a list in a list", HEAD, CLAIMS_AUD("[[\"accounts\"]]"), "another aud"},
    {"aud an empty list", HEAD, CLAIMS_AUD("[]"), "another aud"},
    {"aud that has ours within", HEAD, CLAIMS_AUD("\"my accounts\""), "another aud"},
    {"aud that starts as ours", HEAD, CLAIMS_AUD("\"accounts2\""), "another aud"},
    {"aud with a NUL", HEAD, CLAIMS_AUD("\"accounts\\u0000\""), "another aud"},
    {"aud an object", HEAD, CLAIMS_AUD("{\"accounts\":true}"), "another aud"},
    {"aud empty", HEAD, CLAIMS_AUD("\"\""), "another aud"},
    {"aud missing", HEAD, "{\"iss\":\"https://a.example\",\"exp\":1700000900}", "another aud"},

    {"exp within the leeway", HEAD, CLAIMS_EXP("1699999991"), NULL},
    {"exp at the end of the leeway", HEAD, CLAIMS_EXP("1699999990"), "expired"},
    {"exp a fraction within", HEAD, CLAIMS_EXP("1699999990.5"), NULL},
    {"exp in exponent form", HEAD, CLAIMS_EXP("1.7000009e9"), NULL},
    {"exp missing", HEAD, "{" OURS "}", "expired"},
    {"exp a string", HEAD, CLAIMS_EXP("\"1700000900\""), "a time"},
    {"exp null", HEAD, CLAIMS_EXP("null"), "a time"},
    {"exp true", HEAD, CLAIMS_EXP("true"), "a time"},
    {"exp a list", HEAD, CLAIMS_EXP("[1700000900]"), "a time"},
    {"exp 1e300", HEAD, CLAIMS_EXP("1e300"), "a time"},
    {"exp -1e300", HEAD, CLAIMS_EXP("-1e300"), "a time"},
    {"exp 1e400", HEAD, CLAIMS_EXP("1e400"), "payload is"},
    {"exp of 30 digits", HEAD, CLAIMS_EXP("999999999999999999999999999999"), "a time"},
    {"exp just beyond int64", HEAD, CLAIMS_EXP("9223372036854775808"), "a time"},
    {"exp in the far future", HEAD, CLAIMS_EXP("9000000000000000000"), NULL},
    {"exp negative", HEAD, CLAIMS_EXP("-1700000900"), "expired"},
    {"exp zero", HEAD, CLAIMS_EXP("0"), "expired"},
    {"exp NaN", HEAD, CLAIMS_EXP("NaN"), "payload is"},
    {"nbf within the leeway", HEAD, CLAIMS_AND("\"nbf\":1700000010"), NULL},
    {"nbf beyond the leeway", HEAD, CLAIMS_AND("\"nbf\":1700000011"), "not valid yet"},
    {"nbf a string", HEAD, CLAIMS_AND("\"nbf\":\"0\""), "a time"},
    {"nbf 1e300", HEAD, CLAIMS_AND("\"nbf\":1e300"), "a time"},
    {"nbf null", HEAD, CLAIMS_AND("\"nbf\":null"), "a time"},
    {"iat within the leeway", HEAD, CLAIMS_AND("\"iat\":1700000010"), NULL},
    {"iat from tomorrow", HEAD, CLAIMS_AND("\"iat\":1700086400"), "issued"},
    {"iat just beyond the leeway", HEAD, CLAIMS_AND("\"iat\":1700000010.5"), "issued"},
    {"iat a string", HEAD, CLAIMS_AND("\"iat\":\"1700000000\""), "a time"},
    {"iat 1e300", HEAD, CLAIMS_AND("\"iat\":1e300"), "a time"},
    {"iat long ago", HEAD, CLAIMS_AND("\"iat\":-1"), NULL}
};
#endif
