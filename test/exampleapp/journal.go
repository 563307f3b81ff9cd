package exampleapp

import (
	"bufio"
	"bytes"
	"encoding/json"
	"maps"
	"os"
)

// entry is one line of the journal: something that has changed the inventory.
type entry struct {
	ID     string           `json:"id,omitempty"`
	Event  *Event           `json:"event,omitempty"`
	Asset  string           `json:"asset,omitempty"`
	Link   *Asset           `json:"link,omitempty"` // nil with an asset: unlinked
	Device string           `json:"device,omitempty"`
	Owner  *Device          `json:"owner,omitempty"`
	Cursor map[string]int64 `json:"cursor,omitempty"` // of the feed
	Listed *listed          `json:"listed,omitempty"`
}

// listed is a whole list of a tenant's members.
type listed struct {
	Tenant   string          `json:"tenant"`
	Members  map[string]bool `json:"members"`
	Sequence int64           `json:"sequence"`
}

// journal is written before an event is acknowledged, so that the end of the process loses nothing that was.
type journal struct{ file *os.File }

// openJournal replays what is there. A last line that a crash has cut off was not acknowledged; it goes.
func openJournal(path string, replay func(entry)) (*journal, error) {
	if path == "" {
		return &journal{}, nil
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	whole := int64(0)
	lines := bufio.NewReader(file)
	for {
		line, err := lines.ReadBytes('\n')
		var e entry
		if err != nil || json.Unmarshal(bytes.TrimSpace(line), &e) != nil {
			break
		}
		whole += int64(len(line))
		replay(e)
	}
	if err := file.Truncate(whole); err != nil {
		return nil, err
	}
	_, err = file.Seek(whole, 0)
	return &journal{file: file}, err
}

func (j *journal) write(e entry) error {
	if j.file == nil {
		return nil
	}
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = j.file.Write(append(line, '\n'))
	return err
}

func (j *journal) close() error {
	if j.file == nil {
		return nil
	}
	return j.file.Close()
}

// replay takes one line in.
func (a *App) replay(e entry) {
	v := a.inventory
	switch {
	case e.Event != nil:
		v.apply(e.ID, *e.Event)
	case e.Asset != "" && e.Link != nil:
		v.assets[e.Asset] = *e.Link
	case e.Asset != "":
		delete(v.assets, e.Asset)
	case e.Device != "" && e.Owner != nil:
		v.devices[e.Device] = *e.Owner
	case e.Device != "":
		delete(v.devices, e.Device)
	case e.Listed != nil:
		v.keepOnly(e.Listed.Tenant, e.Listed.Members, e.Listed.Sequence)
	}
	maps.Copy(v.cursors, e.Cursor)
}

// record writes a line and takes it in; inventory.mu is held.
func (a *App) record(e entry) error {
	if err := a.journal.write(e); err != nil {
		return err
	}
	a.replay(e)
	return nil
}
