/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"

#include <string.h>
#include <time.h>

#define DAY_S INT64_C(86400)
#define YEAR_FIRST 1970
#define YEAR_LAST 9999
#define TIME_LAST_S INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
/* The Gregorian calendar repeats itself. */
#define CYCLE_YEARS 400
#define CYCLE_DAYS 146097

int64_t cg_clock_now_s(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

int64_t cg_clock_monotonic_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t days_in_month(int64_t year, int64_t month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

/* Days from 1 January of the year 1 to 1 January of `year`. */
static int64_t days_before_year(int64_t year)
{
    int64_t past = year - 1;
    return past * 365 + past / 4 - past / 100 + past / 400;
}

/* Days from 1 January 1970 to 1 January of `year`. */
static int64_t days_since_first(int64_t year)
{
    return days_before_year(year) - days_before_year(YEAR_FIRST);
}

static int64_t year_of_day(int64_t day)
{
    /* The mean length of a year gives the right one or a neighbour. */
    int64_t year = YEAR_FIRST + day * CYCLE_YEARS / CYCLE_DAYS;
    while (days_since_first(year) > day) {
        year--;
    }
    while (days_since_first(year + 1) <= day) {
        year++;
    }
    return year;
}

static void put_digits(char *text, size_t count, int64_t number)
{
    for (size_t i = count; i > 0; i--) {
        text[i - 1] = (char)('0' + number % 10);
        number /= 10;
    }
}

void cg_time_format(int64_t time_s, char ret_text[static CG_TIME_TEXT_BYTES])
{
    int64_t kept = time_s < 0 ? 0 : time_s;
    kept = kept > TIME_LAST_S ? TIME_LAST_S : kept;
    int64_t second = kept % DAY_S;
    int64_t year = year_of_day(kept / DAY_S);
    int64_t day = kept / DAY_S - days_since_first(year);
    int64_t month = 1;
    while (day >= days_in_month(year, month)) {
        day -= days_in_month(year, month);
        month++;
    }
    memcpy(ret_text, "0000-00-00T00:00:00Z", CG_TIME_TEXT_BYTES);
    put_digits(ret_text, 4, year);
    put_digits(ret_text + 5, 2, month);
    put_digits(ret_text + 8, 2, day + 1);
    put_digits(ret_text + 11, 2, second / 3600);
    put_digits(ret_text + 14, 2, second / 60 % 60);
    put_digits(ret_text + 17, 2, second % 60);
}

/* `count` digits at `at`, leading zeros and all. The caller knows that they are digits. */
static int64_t digits_at(struct cg_span text, size_t at, size_t count)
{
    int64_t number = 0;
    for (size_t i = at; i < at + count; i++) {
        number = number * 10 + (text.data[i] - '0');
    }
    return number;
}

/* Whether the text has a digit where the pattern has '0', and else the pattern's own character. */
static bool looks_like(struct cg_span text, const char *pattern)
{
    for (size_t i = 0; i < text.len; i++) {
        bool is_digit = text.data[i] >= '0' && text.data[i] <= '9';
        if (pattern[i] == '0' ? !is_digit : text.data[i] != (uint8_t)pattern[i]) {
            return false;
        }
    }
    return text.len == strlen(pattern);
}

static enum cg_status parse_date(struct cg_span text, int64_t *ret_time_s)
{
    int64_t year = digits_at(text, 0, 4);
    int64_t month = digits_at(text, 5, 2);
    int64_t day = digits_at(text, 8, 2);
    bool has_month = year >= YEAR_FIRST && year <= YEAR_LAST && month >= 1 && month <= 12;
    if (!has_month || day < 1 || day > days_in_month(year, month)) {
        return CG_ERR_INPUT;
    }
    int64_t days = days_since_first(year) + day - 1;
    for (int64_t past = 1; past < month; past++) {
        days += days_in_month(year, past);
    }
    *ret_time_s = days * DAY_S;
    return CG_OK;
}

enum cg_status cg_time_parse(struct cg_span text, int64_t *ret_time_s)
{
    int64_t time_s = 0;
    if (looks_like(text, "0000-00-00")) {
        return parse_date(text, ret_time_s);
    }
    if (!looks_like(text, "0000-00-00T00:00:00Z")) {
        return CG_ERR_INPUT;
    }
    CG_TRY(parse_date(text, &time_s));
    int64_t hour = digits_at(text, 11, 2);
    int64_t minute = digits_at(text, 14, 2);
    int64_t second = digits_at(text, 17, 2);
    if (hour > 23 || minute > 59 || second > 59) {
        return CG_ERR_INPUT;
    }
    *ret_time_s = time_s + hour * 3600 + minute * 60 + second;
    return CG_OK;
}

/* Seconds of a unit's letter; 0 when it is none. */
static int64_t unit_seconds(uint8_t letter)
{
    switch (letter) {
    case 's': return 1;
    case 'm': return 60;
    case 'h': return 3600;
    case 'd': return DAY_S;
    default: return 0;
    }
}

enum cg_status cg_duration_parse(struct cg_span text, int64_t *ret_duration_s)
{
    if (text.len == 0) {
        return CG_ERR_INPUT;
    }
    int64_t unit_s = unit_seconds(text.data[text.len - 1]);
    struct cg_span digits = cg_span_part(text, 0, unit_s > 0 ? text.len - 1 : text.len);
    unit_s = unit_s > 0 ? unit_s : 1;
    int64_t count = 0;
    CG_TRY(cg_span_to_number(digits, CG_LIMIT_DURATION_S / unit_s, &count));
    *ret_duration_s = count * unit_s;
    return CG_OK;
}
