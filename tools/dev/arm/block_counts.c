// A qemu plugin: how often each translation block ran.
//
//   gcc -O2 -shared -fPIC -o libblock_counts.so block_counts.c
//   qemu-aarch64 -plugin ./libblock_counts.so,out=FILE PROGRAM...
//
// FILE: a line per block, "address executions code" (hexadecimal, decimal, 8 digits an instruction,
// as numbers). Counts are exact and repeatable; they slow a program down by a twentieth.
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Version 1 of qemu's plugin interface (4.2 to 8.x), as far as it is used: Debian has no header of
// it.
typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { kInlineAddU64 = 0 };
extern void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t,
                                                  void (*)(qemu_plugin_id_t,
                                                           struct qemu_plugin_tb*));
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb*, int op, void* at,
                                                     uint64_t value);
extern void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, void*),
                                           void*);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb*);
extern uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb*);
extern struct qemu_plugin_insn* qemu_plugin_tb_get_insn(const struct qemu_plugin_tb*, size_t);
extern const void* qemu_plugin_insn_data(const struct qemu_plugin_insn*);

#define EXPORTED __attribute__((visibility("default")))
EXPORTED int qemu_plugin_version = 1;

struct block {
  uint64_t address;
  uint64_t executions;
  size_t n_insns;
  struct block* next;
  uint32_t code[];
};
static struct block* blocks;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char* out_path;

// The record of a block; one that is translated again goes on counting.
static struct block* record_of(const struct qemu_plugin_tb* tb) {
  const size_t n = qemu_plugin_tb_n_insns(tb);
  struct block* b = calloc(1, sizeof *b + n * sizeof b->code[0]);
  if (b == NULL) abort();
  b->address = qemu_plugin_tb_vaddr(tb);
  b->n_insns = n;
  for (size_t i = 0; i < n; ++i) {
    memcpy(&b->code[i], qemu_plugin_insn_data(qemu_plugin_tb_get_insn(tb, i)), 4);
  }
  for (struct block* known = blocks; known != NULL; known = known->next) {
    if (known->address == b->address && known->n_insns == n &&
        memcmp(known->code, b->code, n * sizeof b->code[0]) == 0) {
      free(b);
      return known;
    }
  }
  b->next = blocks;
  return blocks = b;
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb* tb) {
  (void)id;
  pthread_mutex_lock(&lock);
  struct block* b = record_of(tb);
  pthread_mutex_unlock(&lock);
  qemu_plugin_register_vcpu_tb_exec_inline(tb, kInlineAddU64, &b->executions, 1);
}

static void on_exit_of_program(qemu_plugin_id_t id, void* data) {
  (void)id, (void)data;
  FILE* file = fopen(out_path, "w");
  if (file == NULL) abort();
  for (struct block* b = blocks; b != NULL; b = b->next) {
    if (b->executions == 0) continue;
    fprintf(file, "%llx %llu ", (unsigned long long)b->address, (unsigned long long)b->executions);
    for (size_t i = 0; i < b->n_insns; ++i) fprintf(file, "%08x", b->code[i]);
    fputc('\n', file);
  }
  if (fclose(file) != 0) abort();
}

EXPORTED int qemu_plugin_install(qemu_plugin_id_t id, const void* info, int argc, char** argv) {
  (void)info;
  for (int i = 0; i < argc; ++i) {
    if (strncmp(argv[i], "out=", 4) == 0) out_path = strdup(argv[i] + 4);
  }
  if (out_path == NULL) return 1;
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
  qemu_plugin_register_atexit_cb(id, on_exit_of_program, NULL);
  return 0;
}
