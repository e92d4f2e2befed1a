# mockndes. `make help` lists the targets. Variants: V=debug (default), san, tsan, cov, release.
# fuzz is one more, built with clang, and the fuzz-<entry> targets pick it themselves.
V       ?= debug
B       := build/$(V)
VERSION := $(shell sed -n 's/^.define MOCKNDES_VERSION "\(.*\)"/\1/p' include/mockndes.h)
PREFIX  ?= /usr/local
DESTDIR ?=
SECONDS ?= 5
T       ?=

ifeq ($(origin CC),default)
CC      := gcc
endif
OBJCOPY ?= objcopy
Q       ?= @
say      = $(if $(Q),@echo "  $(1) $@")

# Makefiles must parse where pkg-config is still missing: `make run` installs it.
PKG      = $(shell pkg-config $(1) 2>/dev/null)
LIBPKGS := libmicrohttpd gnutls openssl libfyaml jansson sqlite3 zlib
WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wold-style-definition -Wpointer-arith -Wcast-qual \
	-Wwrite-strings -Wundef -Wvla -Wformat=2 -Wswitch-enum
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
CFLAGS_debug   := -O0 -g3 -Werror
CFLAGS_san     := -O1 -g3 -Werror $(SANITIZE) -fno-omit-frame-pointer
CFLAGS_tsan    := -O1 -g3 -Werror -fsanitize=thread -fno-omit-frame-pointer
CFLAGS_cov     := -O0 -g3 --coverage
CFLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
CFLAGS_fuzz    := -O1 -g $(SANITIZE) -fsanitize=fuzzer-no-link -fno-omit-frame-pointer
LDFLAGS_san    := $(SANITIZE)
LDFLAGS_tsan   := -fsanitize=thread
LDFLAGS_cov    := --coverage
LDFLAGS_release := -pie -Wl,-z,relro,-z,now
LDFLAGS_fuzz   := $(SANITIZE)
ALL_CPPFLAGS := -Isrc -Iinclude -D_GNU_SOURCE $(call PKG,--cflags $(LIBPKGS) libcurl) $(CPPFLAGS)
ALL_CFLAGS   := -std=c11 -fvisibility=hidden -fno-common -pthread -MMD -MP \
	-ffile-prefix-map=$(CURDIR)=. $(WARN) $(CFLAGS_$(V)) $(CFLAGS)
ALL_LDFLAGS  := -pthread $(LDFLAGS_$(V)) $(LDFLAGS)
LIBS         := $(call PKG,--libs $(LIBPKGS)) -lm
CURL         := $(call PKG,--libs libcurl)

# Sources by wildcard; scenarios, keys and the API's description are compiled in from generated files.
GEN     := $(B)/gen/scenario_builtins.c $(B)/gen/ca_builtin_keys.c $(B)/gen/control_openapi.c
LIBSRC  := $(filter-out src/cli/%,$(wildcard src/*/*.c))
LIBOBJ  := $(LIBSRC:%.c=$(B)/%.o) $(GEN:.c=.o)
CLIOBJ  := $(patsubst %.c,$(B)/%.o,$(wildcard src/cli/*.c))
SUPOBJ  := $(patsubst %.c,$(B)/%.o,$(wildcard tests/support/*.c))
# `make check` runs these; clients need the real ones and belong to `make test`.
NOCHECK := tests/clients/% tests/bench/% tests/fuzz/% tests/tools/% tests/support/%
TESTS   := $(filter-out $(NOCHECK),$(wildcard tests/*/test_*$(T)*.c))
SHTESTS := $(filter-out $(NOCHECK) tests/%/lib.sh tests/wire/manual.sh,$(wildcard tests/*/*$(T)*.sh))
CLIENTS := $(filter-out tests/clients/lib%.sh,$(wildcard tests/clients/*$(T)*.sh))
# The tests of what threads do to each other, for `make threads`.
THREADS := unit/test_server_workers unit/test_journal_core flow/test_flow_race \
	wire/test_wire_front_threads wire/test_wire_front_streams wire/test_wire_wait wire/test_wire_sites
FUZZ    := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*$(T)*.c))
PROGRAMS := $(TESTS:%.c=$(B)/%) $(FUZZ:%=$(B)/tests/fuzz/replay_%)
CSRC     = $(wildcard include/*.h src/*/*.[ch] tests/*/*.[ch])
RUNTESTS = V=$(V) B=$(B) MOCKNDES=$(B)/mockndes sh tests/tools/check.sh

all: $(B)/mockndes $(B)/libmockndes.a ## build the command and the library (V=variant)
	@ln -sfn $(V)/mockndes build/mockndes

run: ## install what is missing, build, run in the foreground
	@sh tests/tools/bootstrap.sh run
	@$(MAKE) --no-print-directory all
	@exec build/mockndes $(ARGS)

test: ## install what is missing, then every test: check, sanitizers, threads, clients, fuzz
	@sh tests/tools/bootstrap.sh test
	@sh tests/tools/test.sh $(MAKE)

check: rooms exports $(B)/mockndes $(PROGRAMS) ## tests that need nothing but the build (T=name)
	@$(RUNTESTS) $(PROGRAMS) $(SHTESTS)

clients: $(B)/mockndes $(B)/tests/tools/scep_messages ## real SCEP clients against the mock (T=name)
	@JOBS=1 LIMIT=600 $(RUNTESTS) $(CLIENTS)

threads: ## the tests of threads under ThreadSanitizer
	@$(MAKE) --no-print-directory V=tsan check-threads

check-threads: $(THREADS:%=$(B)/tests/%)
	@$(RUNTESTS) $^

rooms: $(GEN) ## prove that rooms include only what src/ROOMS says
	@sh tests/tools/rooms.sh $(GEN)

exports: $(B)/libmockndes.a ## prove that the library shows mockndes_* alone
	@sh tests/tools/exports.sh $<

# One object whose hidden symbols are local: an embedder sees mockndes_* only.
$(B)/libmockndes.a: $(LIBOBJ)
	$(call say,LD)
	$(Q)$(LD) -r -o $(B)/one.o $^
	$(Q)$(OBJCOPY) --localize-hidden $(B)/one.o
	@rm -f $@
	$(Q)$(AR) rcsD $@ $(B)/one.o

# The command is an embedder like any other.
$(B)/mockndes: $(CLIOBJ) $(B)/libmockndes.a
	$(call say,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) $(CURL)

# Tests look inside, so they link all objects as they are.
$(B)/liball.a: $(LIBOBJ)
	@rm -f $@
	$(Q)$(AR) rcsD $@ $^

$(B)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(if $(filter tests/%,$<),-Itests) $(ALL_CFLAGS) -c -o $@ $<

$(B)/gen/%.o: $(B)/gen/%.c Makefile
	$(call say,CC)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(B)/gen/scenario_builtins.c: src/scenario/embed.sh scenarios $(wildcard scenarios/* scenarios/*/*)
	@mkdir -p $(@D)
	$(call say,GEN)
	$(Q)sh src/scenario/embed.sh scenarios >$@.tmp && mv $@.tmp $@

$(B)/gen/ca_builtin_keys.c: src/ca/embed_keys.sh certs $(wildcard certs/*)
	@mkdir -p $(@D)
	$(call say,GEN)
	$(Q)sh src/ca/embed_keys.sh certs >$@.tmp && mv $@.tmp $@

$(B)/gen/control_openapi.c: src/control/embed.sh src/control/openapi.json
	@mkdir -p $(@D)
	$(call say,GEN)
	$(Q)sh $^ >$@.tmp && mv $@.tmp $@

$(B)/tests/fuzz/replay_%: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/tools/replay.o $(B)/liball.a
	$(call say,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(B)/tests/fuzz/fuzz_%: $(B)/tests/fuzz/fuzz_%.o $(B)/liball.a
	$(call say,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)

$(B)/tests/bench/bench: $(patsubst %.c,$(B)/%.o,$(wildcard tests/bench/*.c)) $(SUPOBJ) $(B)/liball.a
	$(call say,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) $(CURL) -lcmocka

$(B)/tests/%: $(B)/tests/%.o $(SUPOBJ) $(B)/liball.a
	$(call say,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) $(CURL) -lcmocka

fuzz-%: ## fuzz one entry (SECONDS=n); finds stay in build/fuzz
	@$(MAKE) --no-print-directory V=fuzz CC=clang build/fuzz/tests/fuzz/fuzz_$*
	@sh tests/tools/fuzz.sh $* $(SECONDS)

fuzz: ## fuzz every entry, one after the other (SECONDS=n each)
	@$(MAKE) --no-print-directory V=fuzz CC=clang $(FUZZ:%=build/fuzz/tests/fuzz/fuzz_%)
	@for f in $(FUZZ); do sh tests/tools/fuzz.sh $$f $(SECONDS) || exit 1; done

bench: ## figures: start, memory, rates, rules, state, waiting (release build)
	@sh tests/tools/bootstrap.sh bench
	@$(MAKE) --no-print-directory V=release build/release/mockndes build/release/tests/bench/bench
	@MOCKNDES=build/release/mockndes build/release/tests/bench/bench

coverage: ## lines and branches that the tests reach, build/cov/coverage.html
	@sh tests/tools/bootstrap.sh coverage
	@$(MAKE) --no-print-directory V=cov check
	@gcovr --root . --filter src/ --object-directory build/cov --branches \
		--html-details build/cov/coverage.html --print-summary | tail -n 3

lint: $(GEN) ## clang-format, function length, cppcheck, clang-tidy, mandoc, shellcheck
	@sh tests/tools/bootstrap.sh lint
	@sh tests/tools/lint.sh $(CSRC)

format: ## rewrite all C sources as .clang-format says
	clang-format -i $(CSRC)

install: ## install the release build (PREFIX, DESTDIR)
	@$(MAKE) --no-print-directory V=release build/release/mockndes build/release/libmockndes.a
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' VERSION=$(VERSION) sh tests/tools/install.sh install

uninstall: ## remove what install put there
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' VERSION=$(VERSION) sh tests/tools/install.sh uninstall

dist: ## a tarball of what is committed, build/mockndes-VERSION.tar.gz
	@mkdir -p build
	git archive --prefix=mockndes-$(VERSION)/ -o build/mockndes-$(VERSION).tar.gz HEAD

clean: ## remove everything built
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z%-]*\):.*## \(.*\)/\1	\2/p' Makefile | sed 's/%/<entry>/' | expand -t 16

.PHONY: all run test check clients threads check-threads rooms exports fuzz bench coverage lint format install uninstall dist clean help
.SECONDARY:
.DELETE_ON_ERROR:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
