/// Names one scheduled action; a timer that has fired or was cancelled is simply unknown afterwards.
public struct Timer: Hashable, Sendable {
  let slot: Int32
  let generation: UInt32
}

/// A binary heap of moments in which every entry knows its place, so cancelling costs O(log n) and leaves nothing behind:
/// almost every call's deadline is cancelled, never reached. Pure: it reads no clock.
struct TimerHeap<Action> {
  private struct Slot {
    var moment: Instant
    var action: Action?
    var heapIndex: Int32
    var generation: UInt32
  }

  private var slots: [Slot] = []
  private var free: [Int32] = []
  private var heap: [Int32] = []

  var count: Int { heap.count }

  /// The nearest moment, or `nil` when nothing is scheduled.
  var next: Instant? {
    heap.first.map { slots[Int($0)].moment }
  }

  mutating func insert(at moment: Instant, _ action: Action) -> Timer {
    let index: Int32
    if let reused = free.popLast() {
      index = reused
      slots[Int(index)].moment = moment
      slots[Int(index)].action = action
    } else {
      index = Int32(slots.count)
      slots.append(Slot(moment: moment, action: action, heapIndex: 0, generation: 0))
    }
    slots[Int(index)].heapIndex = Int32(heap.count)
    heap.append(index)
    siftUp(heap.count - 1)
    return Timer(slot: index, generation: slots[Int(index)].generation)
  }

  /// Takes the timer out and returns its action, or `nil` when it is not scheduled any more.
  @discardableResult
  mutating func remove(_ timer: Timer) -> Action? {
    let index = Int(timer.slot)
    guard index < slots.count, slots[index].generation == timer.generation, slots[index].action != nil else {
      return nil
    }
    return removeFromHeap(at: Int(slots[index].heapIndex))
  }

  /// Takes out the nearest action if its moment has come.
  mutating func popDue(at now: Instant) -> Action? {
    guard let first = heap.first, slots[Int(first)].moment <= now else { return nil }
    return removeFromHeap(at: 0)
  }

  private mutating func removeFromHeap(at position: Int) -> Action? {
    let index = heap[position]
    let last = heap.removeLast()
    if position < heap.count {
      heap[position] = last
      slots[Int(last)].heapIndex = Int32(position)
      siftDown(position)
      siftUp(position)
    }
    let action = slots[Int(index)].action.take()
    slots[Int(index)].generation &+= 1
    free.append(index)
    return action
  }

  private mutating func siftUp(_ start: Int) {
    var child = start
    while child > 0 {
      let parent = (child - 1) / 2
      guard slots[Int(heap[child])].moment < slots[Int(heap[parent])].moment else { return }
      exchange(child, parent)
      child = parent
    }
  }

  private mutating func siftDown(_ start: Int) {
    var parent = start
    while true {
      var smallest = parent
      let left = 2 * parent + 1
      let right = left + 1
      if left < heap.count, slots[Int(heap[left])].moment < slots[Int(heap[smallest])].moment { smallest = left }
      if right < heap.count, slots[Int(heap[right])].moment < slots[Int(heap[smallest])].moment { smallest = right }
      if smallest == parent { return }
      exchange(parent, smallest)
      parent = smallest
    }
  }

  private mutating func exchange(_ first: Int, _ second: Int) {
    heap.swapAt(first, second)
    slots[Int(heap[first])].heapIndex = Int32(first)
    slots[Int(heap[second])].heapIndex = Int32(second)
  }
}

/// What a timer does. In a struct, because a bare closure in generic storage is wrapped in another one, which is allocated.
struct TimerAction {
  let run: () -> Void
}
