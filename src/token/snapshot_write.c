/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json.h"
#include "token/snapshot_parts.h"

static void write_apis(const struct cg_snapshot_realm_data *realm, struct cg_json_writer *writer)
{
    cg_json_put_name(writer, "apis");
    cg_json_open_array(writer);
    for (size_t i = 0; i < realm->api_count; i++) {
        cg_json_open_object(writer);
        cg_json_member_put(writer, "name", realm->apis[i].name);
        cg_json_member_put(writer, "audience", realm->apis[i].audience);
        cg_json_put_name(writer, "scope");
        cg_json_put_string(writer, realm->apis[i].scope);
        cg_json_close_object(writer);
    }
    cg_json_close_array(writer);
}

static void write_limits(const struct cg_snapshot_realm_data *realm, struct cg_json_writer *writer)
{
    cg_json_put_name(writer, "limits");
    cg_json_open_array(writer);
    for (size_t i = 0; i < realm->limit_count; i++) {
        cg_json_open_array(writer);
        cg_json_put_string(writer, realm->limits[i].agreement);
        cg_json_put_number(writer, realm->limits[i].rate.count);
        cg_json_put_number(writer, realm->limits[i].rate.window_s);
        cg_json_close_array(writer);
    }
    cg_json_close_array(writer);
}

static void write_denial(const struct cg_snapshot_denial *denial, struct cg_json_writer *writer)
{
    cg_json_open_array(writer);
    cg_json_put_string(writer, denial->subject);
    if (denial->kind == CG_DENIAL_CLIENT) {
        cg_json_put_number(writer, denial->epoch);
    }
    cg_json_put_number(writer, denial->expires_s);
    cg_json_close_array(writer);
}

static void write_denials(const struct cg_snapshot_realm_data *realm, enum cg_denial kind,
                          const char *name, struct cg_json_writer *writer)
{
    cg_json_put_name(writer, name);
    cg_json_open_array(writer);
    for (size_t i = 0; i < realm->denial_count; i++) {
        if (realm->denials[i].kind == kind) {
            write_denial(&realm->denials[i], writer);
        }
    }
    cg_json_close_array(writer);
}

static void write_realm(const struct cg_snapshot_realm_data *realm, struct cg_json_writer *writer)
{
    cg_json_open_object(writer);
    cg_json_member_put(writer, "path", realm->path);
    cg_json_member_put(writer, "issuer", realm->issuer);
    cg_json_member_put(writer, "typ", realm->typ);
    cg_json_put_name(writer, "jwks");
    cg_json_put_raw(writer, realm->jwks);
    write_apis(realm, writer);
    write_limits(realm, writer);
    cg_json_put_name(writer, "denied");
    cg_json_open_object(writer);
    write_denials(realm, CG_DENIAL_TOKEN, "tokens", writer);
    write_denials(realm, CG_DENIAL_AGREEMENT, "agreements", writer);
    write_denials(realm, CG_DENIAL_CLIENT, "clients", writer);
    cg_json_close_object(writer);
    cg_json_close_object(writer);
}

void cg_snapshot_write(const struct cg_snapshot_data *data, struct cg_buf *buf)
{
    struct cg_json_writer writer;
    cg_json_begin(&writer, buf);
    cg_json_open_object(&writer);
    cg_json_member_put_number(&writer, "format", CG_SNAPSHOT_FORMAT);
    cg_json_member_put_number(&writer, "version", data->version);
    cg_json_member_put_number(&writer, "keys_generation", data->keys_generation);
    cg_json_member_put_number(&writer, "denylist_generation", data->denylist_generation);
    cg_json_member_put_number(&writer, "made_at", data->made_s);
    cg_json_put_name(&writer, "realms");
    cg_json_open_array(&writer);
    for (size_t i = 0; i < data->realm_count; i++) {
        write_realm(&data->realms[i], &writer);
    }
    cg_json_close_array(&writer);
    cg_json_close_object(&writer);
}
