package report

// Run is all that was measured at one time on one machine.
type Run struct {
	Date        string  `json:"date"`
	Commit      string  `json:"commit,omitempty"`
	Machine     Machine `json:"machine"`
	Client      string  `json:"client"` // standard or lean
	Connections int     `json:"connections"`
	Rounds      int     `json:"rounds"`
	RoundTime   string  `json:"roundTime"`
	Sizes       []Size  `json:"sizes"`

	Application *Application `json:"application,omitempty"`
}

// Machine is where it was measured.
type Machine struct {
	CPU         string  `json:"cpu"`
	Cores       int     `json:"cores"`
	MemoryBytes int64   `json:"memoryBytes"`
	Kernel      string  `json:"kernel"`
	Go          string  `json:"go"`
	SyncP50     float64 `json:"syncP50Milliseconds"` // of write and fsync of 4 KiB in the data folder
	SyncP99     float64 `json:"syncP99Milliseconds"`
}

// Size is one number of users.
type Size struct {
	Users         int         `json:"users"` // as asked for
	Spare         int         `json:"spare"` // more users, that join and leave the largest groups
	Populate      *Populate   `json:"populate,omitempty"`
	DatabaseBytes int64       `json:"databaseBytes"` // with users, without groups
	RSSIdle       int64       `json:"rssIdleBytes"`  // after the start, before the first request
	RSSAfter      int64       `json:"rssAfterBytes"` // after the load
	RSSPeak       int64       `json:"rssPeakBytes"`
	Operations    []Operation `json:"operations"`
	BigGroup      *BigGroup   `json:"bigGroup,omitempty"`
	Walk          *Walk       `json:"cursorWalk,omitempty"`
}

// Populate is how the users came in. It is absent where a kept database was used.
type Populate struct {
	Method    string  `json:"method"` // POST or Bulk
	PerSecond float64 `json:"usersPerSecond"`
}

// Operation is one kind of request: the medians of the rounds.
type Operation struct {
	Name      string  `json:"name"`
	Group     int     `json:"group"` // members of the group that is changed, -1: no group
	PerSecond float64 `json:"perSecond"`
	P50       float64 `json:"p50Milliseconds"`
	P99       float64 `json:"p99Milliseconds"`
	Ratio     float64 `json:"ratio"`                       // of PerSecond to that of the bare server in the same rounds
	CPU       float64 `json:"cpuMicros"`                   // of the server and its database, for one request
	Database  float64 `json:"databaseCPUMicros,omitempty"` // what a database of its own has of it
	CPURatio  float64 `json:"cpuRatio"`                    // of the processor time of client and bare server to that of client and server
	Bare      float64 `json:"barePerSecond"`               // bare server
	BareCPU   float64 `json:"bareCPUMicros"`
	Others    float64 `json:"otherProcesses"` // share of the processors that neither servers nor client used: 0 is an idle machine
}

// BigGroup is the GET of a group with all its members.
type BigGroup struct {
	Members   int     `json:"members"`
	Bytes     int64   `json:"bytes"`
	Seconds   float64 `json:"seconds"`
	RSSGrowth int64   `json:"rssGrowthBytes"`
}

// Walk is the way through all users by cursor.
type Walk struct {
	Pages  int     `json:"pages"`
	Count  int     `json:"count"`              // users on a page
	First  float64 `json:"firstMilliseconds"`  // median of a page in the first tenth
	Middle float64 `json:"middleMilliseconds"` // in the middle
	Last   float64 `json:"lastMilliseconds"`   // and in the last
}

// find returns an operation of the size.
func (s Size) find(name string, group int) (Operation, bool) {
	for _, op := range s.Operations {
		if op.Name == name && op.Group == group {
			return op, true
		}
	}
	return Operation{}, false
}

// size returns the figures of a number of users.
func (r Run) size(users int) (Size, bool) {
	for _, s := range r.Sizes {
		if s.Users == users {
			return s, true
		}
	}
	return Size{}, false
}
