# mockndes. `make help` lists the targets. Variants: V=debug (default), san, cov, release.
V       ?= debug
B       := build/$(V)
VERSION := 0.1.0

CC      ?= gcc
PKGS    := libmicrohttpd gnutls openssl libfyaml jansson sqlite3 libcurl
WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wold-style-definition -Wpointer-arith -Wcast-qual \
	-Wwrite-strings -Wundef -Wvla -Wformat=2 -Wswitch-enum
CFLAGS_debug   := -O0 -g3 -Werror
CFLAGS_san     := -O1 -g3 -Werror -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_cov     := -O0 -g3 --coverage
CFLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
LDFLAGS_san    := -fsanitize=address,undefined
LDFLAGS_cov    := --coverage
LDFLAGS_release := -pie -Wl,-z,relro,-z,now
ALL_CPPFLAGS = -Isrc -Iinclude -D_GNU_SOURCE $(shell pkg-config --cflags $(PKGS)) $(CPPFLAGS)
ALL_CFLAGS   = -std=c11 -fvisibility=hidden -fno-common -pthread -MMD -MP -ffile-prefix-map=$(CURDIR)=. $(WARN) $(CFLAGS_$(V)) $(CFLAGS)
ALL_LDFLAGS  = -pthread $(LDFLAGS_$(V)) $(LDFLAGS)
LIBS         = $(shell pkg-config --libs $(PKGS))

LIBSRC  := $(filter-out src/cli/%,$(wildcard src/*/*.c))
CLISRC  := $(wildcard src/cli/*.c)
GEN     := $(B)/gen/scenario_builtins.c $(B)/gen/ca_builtin_keys.c
LIBOBJ  := $(LIBSRC:%.c=$(B)/%.o) $(GEN:.c=.o)

all: build/mockndes

$(B)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<
