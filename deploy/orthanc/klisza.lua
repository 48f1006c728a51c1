-- Sends every study to the portal once nothing new has come for it ("StableAge" seconds).
-- A study that changes afterwards becomes stable again and is sent again: what the portal holds already
-- is answered with success and has no effect, neither on the patient's list nor as a message.
-- The portal must be called "klisza" under "DicomModalities" (orthanc.json beside this file).
-- Not SendToModality: Orthanc 1.10 takes its first argument for an instance, whatever it is.

function OnStableStudy(studyId, tags, metadata)
   -- What Orthanc has made itself by anonymising is nobody's examination.
   if metadata['AnonymizedFrom'] ~= nil then
      return
   end
   local job = { Resources = { studyId }, Synchronous = false }
   RestApiPost('/modalities/klisza/store', DumpJson(job, true))
end
