#include "io/redis/redis_tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

static const char *why(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason == NULL ? "unknown reason" : reason;
}

static int trust(SSL_CTX *context, const struct redis_tls_config *config, struct error *err)
{
    if (!config->verify) {
        SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
        return 0;
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    if (config->ca == NULL && SSL_CTX_set_default_verify_paths(context) != 1)
        return error_set(err, E_INVALID, "the system's certificate authorities cannot be read: %s", why());
    if (config->ca != NULL && SSL_CTX_load_verify_file(context, config->ca) != 1)
        return error_set(err, E_INVALID, "redis.tls.ca: no certificates can be read from %s: %s", config->ca, why());
    return 0;
}

static int show(SSL_CTX *context, const struct redis_tls_config *config, struct error *err)
{
    if (config->cert == NULL)
        return 0;
    if (SSL_CTX_use_certificate_chain_file(context, config->cert) != 1)
        return error_set(err, E_INVALID, "redis.tls.cert: no certificate can be read from %s: %s", config->cert, why());
    if (SSL_CTX_use_PrivateKey_file(context, config->key, SSL_FILETYPE_PEM) != 1)
        return error_set(err, E_INVALID, "redis.tls.key: the key of that certificate cannot be read from %s: %s", config->key, why());
    return 0;
}

struct ssl_ctx_st *redis_tls_open(const struct redis_tls_config *config, struct error *err)
{
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context == NULL) {
        error_set(err, E_INTERNAL, "TLS cannot be set up: %s", why());
        return NULL;
    }
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    if (trust(context, config, err) == 0 && show(context, config, err) == 0)
        return context;
    SSL_CTX_free(context);
    return NULL;
}

void redis_tls_close(struct ssl_ctx_st *context)
{
    SSL_CTX_free(context);
}

/* hiredis' own context checks the chain but not whose certificate it is; so the session is made here. */
static int expect(SSL *session, const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    bool is_address = inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
    if (is_address)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host);
    return SSL_set1_host(session, host) == 1 && SSL_set_tlsext_host_name(session, host) == 1;
}

struct ssl_st *redis_tls_session(struct ssl_ctx_st *context, const char *host)
{
    SSL *session = SSL_new(context);
    if (session == NULL || expect(session, host) == 1)
        return session;
    SSL_free(session);
    return NULL;
}

const char *redis_tls_refusal(const struct ssl_st *session)
{
    if (SSL_get_verify_mode(session) == SSL_VERIFY_NONE)
        return NULL;
    long result = SSL_get_verify_result(session);
    return result == X509_V_OK ? NULL : X509_verify_cert_error_string(result);
}
