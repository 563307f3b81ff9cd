package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A report is spread as its configuration is: what it says of the tenants of shard n lies in the status ConfigMap n. There it
// is cut into pages, so that a change of one tenant is a small patch. A report of few tenants is one page with everything.
const (
	pages       = 16
	inlineLimit = 32 // tenants
	pageMark    = "_"
	// podBytes is what a pod may take of one ConfigMap, which holds 1 MiB: enough for ten pods.
	podBytes = 90_000
)

// ReportData are the data keys of a pod in the status ConfigMaps of a server, by the ConfigMap's number. A report that is too
// long loses what can be spared, as EncodeReport says.
func ReportData(r Report, pod string) (map[int]map[string]string, error) {
	if len(r.Tenants) <= inlineLimit && len(r.Layout) <= 1 {
		text, err := EncodeReport(r)
		return map[int]map[string]string{0: {pod: string(text)}}, err
	}
	if r.Layout == nil {
		r.Layout = single()
	}
	head := r
	head.Tenants, head.Paged = nil, true
	text, err := EncodeReport(head)
	if err != nil {
		return nil, err
	}
	out := map[int]map[string]string{0: {pod: string(text)}}
	for shard, tenants := range r.byShard() {
		if out[shard] == nil {
			out[shard] = map[string]string{}
		}
		if err := addPages(out[shard], pod, tenants); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r *Report) byShard() map[int]map[string]TenantReport {
	out := map[int]map[string]TenantReport{}
	for _, n := range r.Layout.Numbers() {
		out[n] = map[string]TenantReport{}
	}
	for key, t := range r.Tenants {
		out[r.Layout.Shard(key)][key] = t
	}
	return out
}

// addPages writes what is said of a shard's tenants.
func addPages(to map[string]string, pod string, tenants map[string]TenantReport) error {
	for _, shorten := range []func(*TenantReport){nil, withoutTimes, withoutDelivery} {
		if shorten != nil {
			tenants = brief(Report{Tenants: tenants}, shorten).Tenants
		}
		cut, size, err := cutPages(tenants)
		if err != nil {
			return err
		}
		if size <= podBytes {
			for page, text := range cut {
				to[PageKey(pod, page)] = text
			}
			return nil
		}
	}
	return fmt.Errorf("report: %d tenants take more than %d bytes", len(tenants), podBytes)
}

func cutPages(tenants map[string]TenantReport) (cut map[int]string, size int, err error) {
	split := map[int]map[string]TenantReport{}
	for key, t := range tenants {
		page := int(slotOf(key) % pages)
		if split[page] == nil {
			split[page] = map[string]TenantReport{}
		}
		split[page][key] = t
	}
	cut = map[int]string{}
	for page, tenants := range split {
		text, err := json.Marshal(tenants)
		if err != nil {
			return nil, 0, fmt.Errorf("report: encode: %w", err)
		}
		cut[page] = string(text)
		size += len(text)
	}
	return cut, size, nil
}

// PageKey is the data key of a page. No name of a pod has an underscore.
func PageKey(pod string, page int) string { return pod + pageMark + strconv.FormatInt(int64(page), 16) }

// PodOf is the name of the pod that a data key of a status ConfigMap belongs to.
func PodOf(key string) string {
	pod, _, _ := strings.Cut(key, pageMark)
	return pod
}

// PodReport is what a pod says in one status ConfigMap.
type PodReport struct {
	Pod    string
	Report Report
	Err    error // it cannot be read
}

// ReadReports reads the data of one status ConfigMap, in the order of the pods. Those with a further number have nothing but
// tenants.
func ReadReports(data map[string]string) []PodReport {
	pods := map[string]*PodReport{}
	for _, key := range slices.Sorted(maps.Keys(data)) { // a pod's own key comes before its pages
		pod := PodOf(key)
		if pods[pod] == nil {
			pods[pod] = &PodReport{Pod: pod}
		}
		if err := pods[pod].read(key == pod, data[key]); err != nil && pods[pod].Err == nil {
			pods[pod].Err = err
		}
	}
	out := make([]PodReport, 0, len(pods))
	for _, pod := range slices.Sorted(maps.Keys(pods)) {
		out = append(out, *pods[pod])
	}
	return out
}

func (p *PodReport) read(head bool, text string) (err error) {
	if head {
		p.Report, err = DecodeReport([]byte(text))
		return err
	}
	if len(text) > MaxReportBytes {
		return fmt.Errorf("report: %d bytes, at most %d", len(text), MaxReportBytes)
	}
	if p.Report.StartedAt.IsZero() || p.Report.Paged { // else the page is of an earlier time, when there were more tenants
		var page map[string]TenantReport
		if err := json.Unmarshal([]byte(text), &page); err != nil {
			return fmt.Errorf("report: %w", err)
		}
		if p.Report.Tenants == nil {
			p.Report.Tenants = map[string]TenantReport{}
		}
		maps.Copy(p.Report.Tenants, page)
	}
	return nil
}
