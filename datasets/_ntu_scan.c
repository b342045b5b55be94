/* The quick way through an NTU `.skeleton` text: one pass over the bytes, one number at a time.

   It knows two answers only: the arrays, or the number of the line that it does not accept. What is
   wrong with that line is for ntu_text_plain.py to say, which follows the same grammar in Python:
   so every message has one source, and nothing here is needed but speed.

   Safety: no loop reads at or beyond `stop`, the end of the current line, and that never lies
   beyond the end of the bytes. Nothing is allocated from a number in the file, only from its
   length. The stable ABI of Python 3.10 serves every later version with one build. */

#define Py_LIMITED_API 0x030A0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <float.h>
#include <stdint.h>
#include <string.h>

#define JOINTS 25
#define BODY_FIELDS 10
#define MOST_BODIES 6      /* as many as a Kinect v2 can track */
#define ROOM 100.0         /* metres */
#define BODY_BYTES 572     /* the shortest body: 10 fields, "25", and 25 lines of 11 columns */

/* Exact as doubles, all of them, as far as 19 digits can need. */
static const double TEN[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,
                             1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19};

typedef struct {
    const char *at;   /* the next byte to look at, in the current line */
    const char *stop; /* the current line's newline, or the end of the bytes */
    const char *next; /* the next line */
    const char *end;  /* the end of the bytes */
    Py_ssize_t line;  /* 1-based */
} Text;

/* What bytes.split() takes for a blank; both ways must cut a line into the same fields. */
static inline int blank(char c)
{
    return c == ' ' || (unsigned char)(c - '\t') < 5;
}

static inline void skip_blanks(Text *text)
{
    while (text->at < text->stop && blank(*text->at))
        text->at++;
}

/* Append the decimal digits at *p to *value, which wraps after 19; returns how many there were. */
static inline Py_ssize_t digits(const char **p, const char *stop, uint64_t *value)
{
    const char *first = *p;
    for (; *p < stop && (unsigned char)(**p - '0') < 10; ++*p)
        *value = *value * 10 + (uint64_t)(**p - '0');
    return *p - first;
}

/* Step to the next line; false where there is none. The line is counted all the same: it is the
   one that is missing. */
static int next_line(Text *text)
{
    text->line++;
    text->at = text->next;
    size_t left = (size_t)(text->end - text->at);
    const char *newline = left ? memchr(text->at, '\n', left) : NULL;
    text->stop = newline ? newline : text->end;
    text->next = newline ? newline + 1 : text->end;
    return left > 0;
}

/* A whole number of at most 20 digits below 2^64, followed by a blank or the line's end. */
static int whole_number(Text *text, uint64_t *value)
{
    skip_blanks(text);
    const char *start = text->at;
    *value = 0;
    Py_ssize_t count = digits(&text->at, text->stop, value);
    if (count == 0 || count > 20 || (text->at < text->stop && !blank(*text->at)))
        return 0;
    /* 20 digits are too many, unless they begin with 0, or with 1 and did not wrap around. */
    return count < 20 || *start == '0' || (*start == '1' && *value >= UINT64_C(10000000000000000000));
}

/* A line that holds one whole number and nothing else. */
static int count_line(Text *text, uint64_t *value)
{
    if (!next_line(text) || !whole_number(text, value))
        return 0;
    skip_blanks(text);
    return text->at == text->stop;
}

/* One coordinate, bit for bit what float() and then float32 make of it. */
static int coordinate(Text *text, float *value)
{
    skip_blanks(text);
    const char *start = text->at, *stop = text->stop;
    uint64_t mantissa = 0;
    Py_ssize_t decimals = 0;
    double metres;

    int negative = text->at < stop && *text->at == '-';
    text->at += negative;
    Py_ssize_t count = digits(&text->at, stop, &mantissa);
    if (text->at < stop && *text->at == '.') {
        text->at++;
        decimals = digits(&text->at, stop, &mantissa);
        count += decimals;
    }
    /* Clinger's quick case: mantissa and power of ten are exact doubles, so that one division
       rounds once, as it should. It needs doubles computed as doubles, which FLT_EVAL_METHOD 0
       means; 19 digits cannot have overflowed the mantissa. */
    if (FLT_EVAL_METHOD == 0 && count > 0 && count <= 19 && mantissa < (UINT64_C(1) << 53) &&
        (text->at == stop || blank(*text->at))) {
        metres = (double)mantissa / TEN[decimals];
        metres = negative ? -metres : metres;
    } else {
        /* Python's own conversion stops at the field's end by itself: a blank, a newline, or the
           NUL that follows the content of every bytes object. */
        char *after = NULL;
        while (text->at < stop && !blank(*text->at))
            text->at++;
        metres = PyOS_string_to_double(start, &after, NULL);
        if (after == start || after != text->at) {
            PyErr_Clear(); /* the plain way meets the same trouble and tells it */
            return 0;
        }
    }
    if (!(metres >= -ROOM && metres <= ROOM)) /* NaN neither */
        return 0;
    *value = (float)metres;
    return 1;
}

/* The number of fields in the rest of the line, and where the last of them begins. Two thirds of
   a file are fields that only need counting, so this takes eight bytes at a time where it can:
   where all are plain ASCII and the only blank is the space. A field starts at a byte above 0x20
   that follows a blank. */
static Py_ssize_t rest_of_line(Text *text, const char **last)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    const char *at = text->at, *stop = text->stop;
    Py_ssize_t fields = 0;
    unsigned inside = 0;
    while (at < stop) {
        if (PY_LITTLE_ENDIAN && stop - at >= 8) {
            uint64_t eight;
            memcpy(&eight, at, 8);
            if (!((eight | (eight - 0x20 * each)) & 0x80 * each)) { /* all within 0x20..0x7f */
                uint64_t full = (eight + 0x5f * each) >> 7 & each;
                uint64_t starts = full & ~(full << 8 | inside);
                fields += (Py_ssize_t)(starts * each >> 56); /* the sum of its bytes */
                inside = (unsigned)(full >> 56);
                at += 8;
                continue;
            }
        }
        unsigned now = !blank(*at++);
        fields += now > inside;
        inside = now;
    }
    while (stop > text->at && blank(stop[-1]))
        stop--;
    while (stop > text->at && !blank(stop[-1]))
        stop--;
    *last = stop;
    text->at = text->stop;
    return fields;
}

/* x y z, seven columns that nobody here needs (they may hold anything), and the tracking state.
   Recordings of the older kind lack the last one. `columns` is 0 until the first line has decided. */
static int joint_line(Text *text, Py_ssize_t *columns, float *xyz, unsigned char *tracking)
{
    const char *last = text->at;
    if (!next_line(text) || !coordinate(text, xyz) || !coordinate(text, xyz + 1) ||
        !coordinate(text, xyz + 2))
        return 0;
    Py_ssize_t found = 3 + rest_of_line(text, &last);
    if (*columns == 0 && (found == 11 || found == 12))
        *columns = found;
    if (found != *columns)
        return 0;
    *tracking = found == 11 ? 2 : (unsigned char)(*last - '0');
    return found == 11 || (*tracking <= 2 && (last + 1 == text->stop || blank(last[1])));
}

/* The whole text. Returns 1 and the number of bodies, or 0 with text->line at the wrong line. */
static int whole_text(Text *text, Py_ssize_t most, uint64_t *frames, Py_ssize_t *rows,
                      int64_t *frame, uint64_t *body, float *joints, unsigned char *tracking)
{
    Py_ssize_t columns = 0;
    uint64_t bodies, count;
    const char *last;
    *rows = 0;
    if (!count_line(text, frames) || *frames == 0)
        return 0;
    /* A promise of too many frames ends at the end of the bytes, like any missing line. */
    for (uint64_t t = 0; t < *frames; t++) {
        if (!count_line(text, &bodies) || bodies > MOST_BODIES)
            return 0;
        for (; bodies > 0; bodies--, ++*rows) {
            if (*rows >= most) /* cannot be while BODY_BYTES is right */
                return 0;
            if (!next_line(text) || !whole_number(text, &body[*rows]) ||
                rest_of_line(text, &last) != BODY_FIELDS - 1)
                return 0;
            if (!count_line(text, &count) || count != JOINTS)
                return 0;
            frame[*rows] = (int64_t)t;
            for (int n = 0; n < JOINTS; n++) {
                Py_ssize_t at = *rows * JOINTS + n;
                if (!joint_line(text, &columns, joints + 3 * at, tracking + at))
                    return 0;
            }
        }
    }
    while (next_line(text)) {
        skip_blanks(text);
        if (text->at < text->stop)
            return 0;
    }
    return 1;
}

static PyObject *scan(PyObject *module, PyObject *data)
{
    char *bytes;
    Py_ssize_t size, rows = 0;
    uint64_t frames = 0;
    (void)module;
    if (PyBytes_AsStringAndSize(data, &bytes, &size) < 0)
        return NULL;

    /* Room for every body that so many bytes can hold; what stays unused is given back below. */
    Py_ssize_t most = size / BODY_BYTES + 1;
    const Py_ssize_t each[] = {sizeof(int64_t), sizeof(uint64_t), JOINTS * 3 * sizeof(float), JOINTS};
    PyObject *found[4] = {NULL, NULL, NULL, NULL}, *answer = NULL;
    for (int i = 0; i < 4; i++)
        if (!(found[i] = PyByteArray_FromStringAndSize(NULL, most * each[i])))
            goto done;

    Text text = {bytes, bytes, bytes, bytes + size, 0};
    if (!whole_text(&text, most, &frames, &rows, (int64_t *)PyByteArray_AsString(found[0]),
                    (uint64_t *)PyByteArray_AsString(found[1]),
                    (float *)PyByteArray_AsString(found[2]),
                    (unsigned char *)PyByteArray_AsString(found[3]))) {
        answer = PyLong_FromSsize_t(text.line);
        goto done;
    }
    for (int i = 0; i < 4; i++)
        if (PyByteArray_Resize(found[i], rows * each[i]) < 0)
            goto done;
    answer = Py_BuildValue("KOOOO", (unsigned long long)frames, found[0], found[1], found[2], found[3]);
done:
    for (int i = 0; i < 4; i++)
        Py_XDECREF(found[i]);
    return answer;
}

static PyMethodDef METHODS[] = {
    {"scan", scan, METH_O,
     "scan(data: bytes) -> (frames, frame, body, joints, tracking) | the line that is wrong"},
    {NULL, NULL, 0, NULL},
};
static PyModuleDef_Slot SLOTS[] = {{0, NULL}};
static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT, .m_name = "_ntu_scan", .m_size = 0, .m_methods = METHODS, .m_slots = SLOTS,
};

PyMODINIT_FUNC PyInit__ntu_scan(void)
{
    return PyModuleDef_Init(&MODULE);
}
