/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/feed.h"

#include "base/alloc.h"
#include "base/limits.h"

#include <string.h>

struct cg_feed {
    struct cg_store *store; /* NULL: not open */
    bool known;             /* a snapshot was made of what the store showed at `version` */
    struct cg_registry_version version;
    int64_t changes_s;
    size_t uri_len;
    uint8_t uri[];
};

enum cg_status cg_feed_new(struct cg_span store_uri, struct cg_feed **ret_feed)
{
    if (store_uri.len == 0 || store_uri.len > CG_LIMIT_URI_BYTES) {
        return CG_ERR_INPUT;
    }
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_feed) + store_uri.len, &memory));
    struct cg_feed *feed = memory;
    feed->uri_len = store_uri.len;
    memcpy(feed->uri, store_uri.data, store_uri.len);
    *ret_feed = feed;
    return CG_OK;
}

static void close_store(struct cg_feed *feed)
{
    feed->store = cg_store_free(feed->store);
    feed->known = false;
}

struct cg_feed *cg_feed_free(struct cg_feed *feed)
{
    if (feed == NULL) {
        return NULL;
    }
    close_store(feed);
    return cg_release(feed);
}

/* A file put in place of the one that is open has versions of its own: nothing is known of it. */
static enum cg_status open_store(struct cg_feed *feed)
{
    if (feed->store != NULL && !cg_store_is_current(feed->store)) {
        close_store(feed);
    }
    if (feed->store != NULL) {
        return CG_OK;
    }
    struct cg_span uri = {feed->uri, feed->uri_len};
    return cg_store_open(uri, CG_STORE_REGISTRY, CG_STORE_READ_ONLY, &feed->store);
}

static bool is_known(const struct cg_feed *feed, const struct cg_registry_version *version,
                     int64_t now_s)
{
    return feed->known && now_s < feed->changes_s && feed->version.registry == version->registry &&
           feed->version.keys == version->keys && feed->version.denylist == version->denylist;
}

/* Inside a read transaction: the version belongs to what is read after it. */
static enum cg_status read_changes(struct cg_feed *feed, int64_t now_s,
                                   struct cg_snapshot **ret_snapshot)
{
    struct cg_registry_version version;
    CG_TRY(cg_registry_version_read(feed->store, &version));
    if (is_known(feed, &version, now_s)) {
        return CG_OK;
    }
    CG_TRY(cg_feed_build(feed->store, now_s, ret_snapshot, &feed->changes_s));
    feed->version = version;
    feed->known = true;
    return CG_OK;
}

static enum cg_status poll_store(struct cg_feed *feed, int64_t now_s,
                                 struct cg_snapshot **ret_snapshot)
{
    CG_TRY(open_store(feed));
    CG_TRY(cg_store_begin_read(feed->store));
    enum cg_status status = read_changes(feed, now_s, ret_snapshot);
    cg_store_rollback(feed->store);
    return status;
}

enum cg_status cg_feed_poll(struct cg_feed *feed, int64_t now_s, struct cg_snapshot **ret_snapshot)
{
    struct cg_snapshot *snapshot = NULL;
    enum cg_status status = poll_store(feed, now_s, &snapshot);
    if (status != CG_OK) {
        close_store(feed);
        return status == CG_ERR_LIMIT ? status : CG_ERR_STORE;
    }
    *ret_snapshot = snapshot;
    return CG_OK;
}
