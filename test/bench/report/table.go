package report

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// WriteJSON prints everything with the checks.
func (r Run) WriteJSON(w io.Writer) error {
	type checked struct {
		Check
		OK bool `json:"ok"`
	}
	out := struct {
		Run
		Checks []checked `json:"checks"`
	}{Run: r}
	for _, c := range r.Checks() {
		out.Checks = append(out.Checks, checked{c, c.OK()})
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(out)
}

// WriteTable prints everything for people.
func (r Run) WriteTable(w io.Writer) error {
	m := r.Machine
	fmt.Fprintf(w, "%s", r.Date)
	if r.Commit != "" {
		fmt.Fprintf(w, ", commit %s", r.Commit)
	}
	fmt.Fprintf(w, "\n%s, %d cores, %.1f GiB, Linux %s, %s, fsync p50 %.2f ms p99 %.2f ms\n",
		m.CPU, m.Cores, float64(m.MemoryBytes)/(1<<30), m.Kernel, m.Go, m.SyncP50, m.SyncP99)
	fmt.Fprintf(w, "%d connections of the %s client; medians of %d rounds of %s, each after one of the bare server\n", r.Connections, r.Client, r.Rounds, r.RoundTime)
	for _, s := range r.Sizes {
		if err := s.write(w); err != nil {
			return err
		}
	}
	if err := r.Application.write(w); err != nil {
		return err
	}
	return writeChecks(w, r.Checks())
}

func (s Size) write(w io.Writer) error {
	fmt.Fprintf(w, "\n%s users", grouped(s.Users))
	if s.Spare > 0 {
		fmt.Fprintf(w, " and %s that join and leave groups", grouped(s.Spare))
	}
	if s.Populate != nil {
		fmt.Fprintf(w, ", populated at %.0f/s by %s", s.Populate.PerSecond, s.Populate.Method)
	}
	all := max(s.Users+s.Spare, 1)
	fmt.Fprintf(w, "\ndatabase %s, %d bytes a user; RSS idle %s, after load %s, peak %s\n",
		mebibytes(s.DatabaseBytes), s.DatabaseBytes/int64(all), mebibytes(s.RSSIdle), mebibytes(s.RSSAfter), mebibytes(s.RSSPeak))
	if err := s.writeOperations(w); err != nil {
		return err
	}
	if g := s.BigGroup; g != nil {
		fmt.Fprintf(w, "GET of a group of %s: %s in %.2f s, RSS grows by %s\n", grouped(g.Members), mebibytes(g.Bytes), g.Seconds, mebibytes(g.RSSGrowth))
	}
	if c := s.Walk; c != nil {
		fmt.Fprintf(w, "cursor walk: %s pages of %d; a page takes %.2f ms in the first tenth, %.2f ms in the middle, %.2f ms in the last\n",
			grouped(c.Pages), c.Count, c.First, c.Middle, c.Last)
	}
	return nil
}

// writeOperations shows what a database of its own takes in a further column.
func (s Size) writeOperations(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	beside := slices.ContainsFunc(s.Operations, func(op Operation) bool { return op.Database > 0 })
	database := ""
	if beside {
		database = "of it database\t"
	}
	fmt.Fprintf(t, "ops/s\tp50 ms\tp99 ms\tbare ops/s\tratio\twanted\tCPU µs\t%sbare CPU µs\tCPU ratio\tothers\t  operation\n", database)
	for _, op := range s.Operations {
		if beside {
			database = fmt.Sprintf("%.0f\t", op.Database)
		}
		fmt.Fprintf(t, "%.0f\t%.2f\t%.2f\t%.0f\t%.3f\t%s\t%.0f\t%s%.0f\t%.3f\t%.0f%%\t  %s\n",
			op.PerSecond, op.P50, op.P99, op.Bare, op.Ratio, s.wanted(op), op.CPU, database, op.BareCPU, op.CPURatio, 100*op.Others, op.title())
	}
	return t.Flush()
}

// wanted shows the bound of a ratio beside it.
func (s Size) wanted(op Operation) string {
	want, ok := wantedRatios[op.Name]
	if !ok || s.Users != medium || op.Group > 0 {
		return ""
	}
	return fmt.Sprintf("%.2f %s", want, Check{Got: op.Ratio, Bound: want, AtLeast: true}.verdict())
}

func (op Operation) title() string {
	if op.Group < 0 {
		return op.Name
	}
	return fmt.Sprintf("%s, group of %s", op.Name, grouped(op.Group))
}

func writeChecks(w io.Writer, checks []Check) error {
	if len(checks) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range checks {
		sign := "<="
		if c.AtLeast {
			sign = ">="
		}
		fmt.Fprintf(t, "%s\t%s\t%.3g %s\t%s %.3g\n", c.verdict(), c.Name, c.Got, c.Unit, sign, c.Bound)
	}
	return t.Flush()
}

func (c Check) verdict() string {
	switch {
	case c.OK():
		return "ok"
	case c.AtLeast:
		return "BELOW"
	}
	return "ABOVE"
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/mebibyte) }

// grouped prints a number with commas.
func grouped(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
