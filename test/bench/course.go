package main

import (
	"context"
	"regexp"
	"slices"

	"github.com/scim-operator/scim-operator/test/bench/report"
	"github.com/scim-operator/scim-operator/test/program"
)

// course is the way through all operations with one size.
type course struct {
	meter     *meter
	directory *directory
	profiler  profiler
	only      *regexp.Regexp // names of operations
	groups    []int
	size      *report.Size
	peak      int64 // of the memory, before it was reset
}

func (c *course) run(ctx context.Context) error {
	reads := slices.DeleteFunc(c.directory.userReads(), func(op measured) bool { return !c.only.MatchString(op.Name) })
	if err := c.directory.verify(ctx, reads); err != nil {
		return err
	}
	all := append(singles(reads), c.directory.createAndDelete())
	for _, s := range append(all, singles(c.directory.userWrites())...) {
		if err := c.measure(ctx, s); err != nil {
			return err
		}
	}
	if err := c.directory.unchanged(ctx); err != nil {
		return err
	}
	if err := c.measureWalk(ctx); err != nil {
		return err
	}
	return c.measureGroups(ctx)
}

func singles(ops []measured) (list []series) {
	for _, op := range ops {
		list = append(list, series{ops: []measured{op}})
	}
	return list
}

func (c *course) measure(ctx context.Context, s series) error {
	if !slices.ContainsFunc(s.ops, func(op measured) bool { return c.only.MatchString(op.Name) }) {
		return nil
	}
	progress("  %s", s.name())
	figures, err := c.meter.run(ctx, s)
	if err != nil {
		return err
	}
	c.size.Operations = append(c.size.Operations, figures...)
	return c.profiler.run(ctx, c.meter, s, c.size.Users)
}

func (c *course) measureWalk(ctx context.Context) error {
	features, err := readProvider(ctx, c.directory.target)
	if err != nil || !features.Pagination.Cursor || !c.only.MatchString("cursor walk") {
		return err
	}
	progress("  cursor walk")
	c.size.Walk, err = c.directory.walk(ctx)
	return err
}

func (c *course) measureGroups(ctx context.Context) error {
	var largest group
	for _, members := range c.groups {
		if members > c.size.Users {
			continue
		}
		g, err := c.directory.makeGroup(ctx, c.meter.pool, members)
		if err != nil {
			return err
		}
		if err := c.measure(ctx, c.directory.memberChanges(g)); err != nil {
			return err
		}
		if members > largest.members {
			largest = g
		}
	}
	if largest.members == 0 {
		return nil
	}
	for _, s := range singles(c.directory.groupReads(largest)) {
		if err := c.measure(ctx, s); err != nil {
			return err
		}
	}
	return c.measureWholeGroup(ctx, largest)
}

func (c *course) measureWholeGroup(ctx context.Context, g group) error {
	if !c.only.MatchString("whole group") {
		return nil
	}
	m, err := program.ReadMemory(c.meter.server.pid)
	if err != nil {
		return err
	}
	c.peak = m.Peak
	c.size.BigGroup, err = c.directory.wholeGroup(ctx, c.meter.server, g)
	return err
}
