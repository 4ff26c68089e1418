# SPDX-License-Identifier: Apache-2.0
#
# A short way in; Meson does the work. `make help` lists the targets.

prefix ?= /usr/local
RELEASE := build/release

.DEFAULT_GOAL := all
.PHONY: all setup release demo test check bench fuzz install clean help

all: release       ## install what is missing, and build (the default)

setup:             ## install what building and running need, from Debian's packages
	@tools/setup

release: setup
	@tools/build release

demo: all          ## show a system getting a token and contributing a record through the gate
	@tools/demo

test:              ## every test, under sanitizers
	@tools/setup --tests
	@tools/test

check:             ## all that a change must pass: tests, analysis, fuzzing, coverage
	@tools/setup --tests --check
	@tools/check

bench: all         ## measure, against the limits of this machine
	@tools/setup --tests
	@bench/run

fuzz:              ## fuzz every parser for FUZZ_SECONDS (60) each
	@tools/setup --tests --check
	@tools/fuzz

# Nothing has the prefix built in, so one build serves every prefix, and installing it compiles
# nothing: `make && sudo make install` leaves no file of root's in build/.
install:           ## install the release build; prefix=/usr/local, DESTDIR=
	@test -f $(RELEASE)/build.ninja || { echo 'install: run "make" first' >&2; exit 1; }
	@tools/install '$(RELEASE)' '$(DESTDIR)$(prefix)'
	@[ -n '$(DESTDIR)' ] || [ "$$(id -u)" -ne 0 ] || /sbin/ldconfig  # so that programs find the library

clean:             ## remove build/
	@tools/build clean

help:              ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18
